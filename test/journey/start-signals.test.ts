import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { jsonLine, parsedLines, type Child } from '../support/child.ts';
import { spawnProgram } from '../support/start-program.ts';
import { newSecret } from '../support/tokens.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv } from '../support/world.ts';

/** Accepts connections and never answers, so that the program stays in its start for a while. */
let mute: net.Server;
let redisUrl: string;
const children: Child[] = [];
beforeAll(async () => {
  mute = net.createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  redisUrl = `redis://127.0.0.1:${(mute.address() as AddressInfo).port}`;
});
afterEach(() => Promise.all(children.splice(0).map((child) => child.stop())));
afterAll(() => void mute.close());

const SIGHUP_BIT = 1n;
/** Node handles SIGTERM by itself and then dies of it; SIGHUP is the program's own. */
function handlesSignals({ pid }: Child): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & SIGHUP_BIT) !== 0n;
}

/** Starts the program and resolves as soon as it has signal handlers. */
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
] as const)('%s ends the program as soon as it has handlers, with %j', async (signal, env) => {
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

test('SIGHUP during the start reloads the secrets once it is over', async () => {
  const child = await program();
  child.signal('SIGHUP');
  await jsonLine(child, isReload);
  await jsonLine(child, ({ msg }) => msg === 'listening');
});

test('SIGHUP while the workers start reloads the secrets of each once it is ready', async () => {
  const child = await programWithWorkers();
  child.signal('SIGHUP');
  await waitFor('both reloads', () => parsedLines(child.stdout()).filter(isReload).length === 2);
});
