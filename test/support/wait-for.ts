import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Timeout for an event without a time limit in the contract, in milliseconds. It ends a test that hangs, and
 * is long enough when ten processes compete for two cores.
 */
export const HANG_MS = 60_000;

/** Polls until `probe` returns a value other than undefined or false. @throws Error after `timeoutMs`. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = HANG_MS,
  everyMs = 20,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`);
    await sleep(everyMs);
  }
}
