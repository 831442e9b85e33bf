import { withTimeout } from '../../lib/with-timeout.ts';
import type { RedisClient } from '../../redis/redis-client.ts';
import { diagnose, type RedisDiagnosis } from '../../redis/redis-diagnosis.ts';

const CONNECT_MS = 4000;
const COMMAND_MS = 3000;

/** Connects the client. Resolves to undefined when it is ready, or to the latest error after 4 s. */
export async function connect(client: RedisClient): Promise<RedisDiagnosis | undefined> {
  let latest: Error | undefined;
  client.onError((error) => (latest = error));
  const ready = new Promise<void>((resolve) => client.onReady(resolve));
  client.connect();
  try {
    await withTimeout(CONNECT_MS, ready);
    return undefined;
  } catch (error) {
    return diagnose(latest ?? error, undefined);
  }
}

/**
 * Sends one command.
 *
 * @throws the error of Redis, or a TimeoutError after 3 s.
 */
export function sendCommand(client: RedisClient, name: string, args: readonly string[]): Promise<unknown> {
  return withTimeout(COMMAND_MS, client.call(name, args));
}
