import net from 'node:net';
import { once } from 'node:events';
import { exchange } from '../support/http.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { readDirectory } from '../support/directory.ts';
import { programEnv } from '../support/world.ts';

const CONNECTIONS = 300;
const LIMITED = { prefix: ['bash', '-c', 'ulimit -n 256; exec "$@"', 'limited'] };
const TEST_TIMEOUT_MS = 60_000;

let sandbox: Sandbox;
let program: Program;
const secret = newSecret();
const sockets: net.Socket[] = [];
let contactsRead = 0;
beforeAll(async () => {
  sandbox = await startSandbox();
  program = await startProgram(programEnv(sandbox, secret), LIMITED);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await program?.stop();
  await sandbox?.stop();
});

async function open(port: number, bytes: string): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.resume().write(bytes);
}

async function expectService(): Promise<void> {
  const [org] = readDirectory(await sandbox.directory()).orgs;
  const token = sign(goodClaims(org!.id, org!.members[0]!), secret);
  const contact = await exchange(`${program.url}/contacts/${org!.contacts[contactsRead++]}`, { token });
  expect(contact.status).toBe(200);
  const ready = await exchange(`${program.adminUrl}/readyz`);
  expect(ready.status).toBe(200);
}

test.each([
  ['keep an idle connection open after a response', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['stall inside the header', 'GET /healthz HTTP/1.1\r\nHost'],
  ['send nothing', ''],
])(
  'with 256 descriptors, 300 clients that %s do not block other clients, the upstream or the admin port',
  async (_clients, bytes) => {
    for (let count = 0; count < CONNECTIONS; count += 1) await open(program.port, bytes);
    await expectService();
  },
  TEST_TIMEOUT_MS,
);

test(
  'with 256 descriptors, 300 idle connections to the admin port do not block either port',
  async () => {
    for (let count = 0; count < CONNECTIONS; count += 1) await open(program.adminPort, '');
    await expectService();
  },
  TEST_TIMEOUT_MS,
);
