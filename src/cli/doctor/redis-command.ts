import type { RedisClient } from '../../redis/redis-client.ts';
import { diagnose, type RedisDiagnosis } from '../../redis/redis-diagnosis.ts';

const CONNECT_MS = 4000;
const COMMAND_MS = 3000;

/** Connects the client. Resolves to undefined when it is ready, or to the latest error after 4 s. */
export async function connect(client: RedisClient): Promise<RedisDiagnosis | undefined> {
  let latest: Error | undefined;
  client.onError((error) => (latest = error));
  const ready = new Promise<true>((resolve) => client.onReady(() => resolve(true)));
  client.connect();
  if (await withTimeout(CONNECT_MS, ready)) return undefined;
  return diagnose(latest ?? new DOMException('no connection', 'TimeoutError'), undefined);
}

/**
 * Sends one command.
 *
 * @throws the error of Redis, or a TimeoutError after 3 s.
 */
export async function sendCommand(
  client: RedisClient,
  name: string,
  args: readonly string[],
): Promise<unknown> {
  const reply = await withTimeout(COMMAND_MS, client.call(name, args));
  if (reply === undefined) throw new DOMException('Redis took too long', 'TimeoutError');
  return reply;
}

/** Returns the result of the operation, or undefined after `ms` milliseconds. */
function withTimeout<T>(ms: number, operation: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    operation.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
