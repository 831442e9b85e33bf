import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The limit of a wait for an event that the contract sets no limit to. It ends a test that hangs, and is long
 * enough for a machine on which ten processes compete for two cores.
 */
export const HANG_MS = 60_000;

/** Polls until `probe` gives something else than undefined or false, and fails after `timeoutMs`. */
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
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
