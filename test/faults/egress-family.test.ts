import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { startNameServer, type NameServer } from '../support/name-server.ts';
import { startNamedUpstream } from '../support/named-upstream.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';

let dns: NameServer;
let sandbox: Sandbox;
let overIpv6: Server;
/** Source addresses of the connections over IPv6. */
const sources: (string | undefined)[] = [];
beforeAll(async () => {
  dns = await startNameServer(() => []);
  sandbox = await startSandbox();
  overIpv6 = createServer((incoming) => {
    sources.push(incoming.remoteAddress);
    const outgoing = connect(sandbox.port, '127.0.0.1');
    for (const socket of [incoming, outgoing])
      socket.on('error', () => incoming.destroy() && outgoing.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  await once(overIpv6.listen(sandbox.port, '::1'), 'listening');
});
afterAll(async () => {
  overIpv6?.close();
  await sandbox?.stop();
  dns?.stop();
});
beforeEach(async () => {
  await sandbox.reset();
  sources.length = 0;
});

const BOTH = ['127.0.0.1', '::1'];

async function threeCalls(source: string, addresses: readonly string[]) {
  dns.answer(() => addresses);
  const { program, get, reasons } = await startNamedUpstream(dns, sandbox, { EGRESS_LOCAL_ADDRESS: source });
  let seen;
  try {
    const statuses = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await get()).status);
    const peers = new Set((await sandbox.calls()).map(({ peer }) => peer.replace('::ffff:', '')));
    seen = { statuses, peers, reasons: await reasons() };
  } finally {
    await program.stop();
  }
  // The last lines are written when the program ends.
  return { ...seen, log: program.stdout() };
}

test.each([
  ['IPv4', '127.0.0.9'],
  ['IPv4-mapped IPv6', '::ffff:127.0.0.9'],
])(
  'connects over IPv4 from an %s source address when the name has addresses of both families',
  async (_title, source) => {
    const { statuses, peers } = await threeCalls(source, BOTH);
    expect(statuses).toEqual([200, 200, 200]);
    expect(peers).toEqual(new Set(['127.0.0.9']));
    expect(sources).toEqual([]);
  },
);

test('connects over IPv6 from an IPv6 source address when the name has addresses of both families', async () => {
  const { statuses } = await threeCalls('::1', BOTH);
  expect(statuses).toEqual([200, 200, 200]);
  expect(new Set(sources)).toEqual(new Set(['::1']));
});

test.each([
  ['127.0.0.9', ['::1']],
  ['::1', ['127.0.0.1']],
])(
  'returns 503 without a retry when the name has no address of the family of %s, and readiness gives the reason',
  async (source, addresses) => {
    const { statuses, peers, reasons, log } = await threeCalls(source, addresses);
    expect(statuses).toEqual([503, 503, 503]);
    expect([...peers, ...sources]).toEqual([]);
    expect(reasons).toEqual([
      expect.objectContaining({ detail: expect.stringMatching(/^EAI_ADDRFAMILY: .*EGRESS_LOCAL_ADDRESS/) }),
    ]);
    expect(log.split('\n').filter((line) => line.includes('egress address cannot be used'))).toHaveLength(1);
  },
);
