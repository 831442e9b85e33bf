import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { jsonLine, parsedLines, type Child } from '../support/child.ts';
import { spawnProgram } from '../support/start-program.ts';
import { newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv } from '../support/world.ts';

/** A Redis server that accepts connections and never replies, so that the start takes long. */
let silentServer: net.Server;
let redisUrl: string;
const children: Child[] = [];
beforeAll(async () => {
  silentServer = net.createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silentServer, 'listening');
  redisUrl = `redis://127.0.0.1:${(silentServer.address() as AddressInfo).port}`;
});
afterEach(() => Promise.all(children.splice(0).map((child) => child.stop())));
afterAll(() => void silentServer.close());

const SIGHUP_BIT = 1n;
/** Returns whether the program has its handlers; checks SIGHUP, because Node itself catches SIGTERM. */
function handlesSignals({ pid }: Child): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & SIGHUP_BIT) !== 0n;
}

/** Starts the program and resolves when it has signal handlers. */
async function program(env: Record<string, string> = {}): Promise<Child> {
  const settings = programEnv({ url: 'http://127.0.0.1:9' }, newSecret());
  const child = spawnProgram({ ...settings, REDIS_URL: redisUrl, ...env });
  children.push(child);
  await waitFor('signal handlers', () => handlesSignals(child), undefined, 1);
  return child;
}

test.each([
  ['SIGTERM', {}],
  ['SIGINT', {}],
  ['SIGTERM', { WEB_CONCURRENCY: '2' }],
] as const)('%s during the start ends the program, with %j', async (signal, env) => {
  const child = await program(env);
  child.signal(signal);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.stdout()).not.toContain('listening');
});

async function programWithWorkers(): Promise<Child> {
  const child = await program({ WEB_CONCURRENCY: '2' });
  const workers = () =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean);
  await waitFor('the workers', () => workers().length === 2, undefined, 1);
  return child;
}

test('SIGTERM ends the primary while its workers start', async () => {
  const child = await programWithWorkers();
  child.signal('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

const isReload = ({ msg }: Record<string, unknown>): boolean => msg === 'secrets reloaded';

test('SIGHUP during the start reloads the secrets when the program has started', async () => {
  const child = await program();
  child.signal('SIGHUP');
  await jsonLine(child, isReload);
  await jsonLine(child, ({ msg }) => msg === 'listening');
});

test('SIGHUP while the workers start reloads the secrets in each worker when it is ready', async () => {
  const child = await programWithWorkers();
  child.signal('SIGHUP');
  await waitFor('both reloads', () => parsedLines(child.stdout()).filter(isReload).length === 2);
});
