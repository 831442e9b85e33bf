import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../support/child.ts';
import { startNameServer, type NameServer } from '../support/name-server.ts';

const run = promisify(execFile);
const NAME = 'app.example.test';

/** Looks up a name where only this name server exists, and getaddrinfo fails. Prints addresses, or a code. */
const SCRIPT = `
import { createQuery } from '${PROJECT_ROOT}/src/dns/query.ts';
const system = async () => { throw Object.assign(new Error('system'), { code: process.argv[1] }); };
const found = createQuery(system)('${NAME}', 0, AbortSignal.timeout(20_000));
console.log(await found.then((all) => all.map(({ address }) => address).join(), ({ code }) => code));
process.exit();
`;

async function lookUp(server: NameServer, systemCode = 'ENOTFOUND'): Promise<string> {
  const [command = '', ...prefix] = server.prefix;
  const node = [process.execPath, '--input-type=module', '-e', SCRIPT, systemCode];
  const { stdout } = await run(command, [...prefix, ...node], { cwd: PROJECT_ROOT });
  return stdout.trim();
}

const hasIPv6 = Object.values(networkInterfaces())
  .flatMap((some) => some ?? [])
  .some(({ address, internal, family }) => family === 'IPv6' && !internal && !/^f[cde]/i.test(address));

test('waits for IPv4 if this machine cannot use the IPv6 addresses that arrive first', async () => {
  let lost = 0;
  const server = await startNameServer((_name, type) => {
    if (type === 'AAAA') return ['2001:db8::1'];
    // The first query for IPv4 is lost.
    return (lost += 1) > 1 ? ['192.0.2.1'] : undefined;
  });
  try {
    expect(await lookUp(server)).toBe(hasIPv6 ? '2001:db8::1' : '192.0.2.1,2001:db8::1');
  } finally {
    server.stop();
  }
});

test.each([
  ['the name itself exists', ['192.0.2.1'], '192.0.2.1'],
  ['the name itself does not exist', [], 'EAI_AGAIN'],
])(
  'a search domain whose name servers fail does not hide the name: %s',
  async (_title, addresses, result) => {
    const server = await startNameServer(
      (name) => (name === NAME ? addresses : 'SERVFAIL'),
      'svc.cluster.test',
    );
    try {
      expect(await lookUp(server)).toBe(result);
      expect(server.queries).toContain(`${NAME}.svc.cluster.test`);
    } finally {
      server.stop();
    }
  },
);

test.each(['EAI_AGAIN', 'ENOTFOUND'])(
  'a name that the name servers deny fails with the reason of the system: %s',
  async (code) => {
    const server = await startNameServer(() => []);
    try {
      expect(await lookUp(server, code)).toBe(code);
    } finally {
      server.stop();
    }
  },
);
