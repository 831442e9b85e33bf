import type { FenceChange, JournalItem } from './invalidation-journal.ts';

export interface ReceivedInvalidation {
  readonly org: string;
  readonly contact: string;
  /** Names the process and its request, for the acknowledgement; empty if none is expected. */
  readonly reference: string;
  readonly fences: readonly FenceChange[];
}

/**
 * Bounds the time for which a message can close a contact. No fence is longer: twice the maximum of
 * `UPSTREAM_TIMEOUT_MS`, and the maximum of `WRITE_UNCERTAIN_S`.
 */
const MAX_CLOSE_MS = 2 * 120_000 + 3_600_000;

/**
 * Returns the message of an invalidation: organization, contact, reference and fences, separated by `|`. Only
 * durations travel, because processes do not share a clock. Earlier versions read the first two fields alone.
 */
export function encodeInvalidation(item: JournalItem, now: number): string {
  const fences = fenceChanges(item, now).map(({ token, closeMs }) => `${token}:${closeMs}`);
  return [item.org, item.contact, item.reference, fences.join(',')].join('|');
}

/** Returns the changes of an item's fence, with the time that remains of each. */
export function fenceChanges({ opened, closedUntil }: JournalItem, now: number): FenceChange[] {
  const closing = [...closedUntil]
    .filter(([, until]) => until > now)
    .map(([token, until]) => ({ token, closeMs: Math.ceil(until - now) }));
  return [...opened.map((token) => ({ token, closeMs: 0 })), ...closing];
}

export function decodeInvalidation(message: string): ReceivedInvalidation {
  const [org = '', contact = '', reference = '', fences = ''] = message.split('|');
  return {
    org,
    contact,
    reference,
    fences: fences
      .split(',')
      .filter((one) => one !== '')
      .map((one) => {
        const [token = '', ms] = one.split(':');
        const closeMs = Math.min(Number(ms), MAX_CLOSE_MS);
        return { token, closeMs: closeMs >= 0 ? closeMs : 0 };
      }),
  };
}
