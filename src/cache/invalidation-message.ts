import type { JournalItem } from './invalidation-journal.ts';

export interface ReceivedInvalidation {
  readonly org: string;
  readonly contact: string;
  /** Names the process and its request, for the acknowledgement; empty if none is expected. */
  readonly reference: string;
  /** The writes that close the contact for `closeMs`, or that open it (0). */
  readonly fences: readonly { readonly token: string; readonly closeMs: number }[];
}

/** Bounds the time for which a message can close a contact. */
const MAX_CLOSE_MS = 600_000;

/**
 * Returns the message of an invalidation: organization, contact, reference and fences, separated by `|`. Only
 * durations travel, because processes do not share a clock. Earlier versions read the first two fields alone.
 */
export function encodeInvalidation(item: JournalItem, now: number): string {
  const fences = [...item.closedUntil]
    .filter(([, until]) => until > now)
    .map(([token, until]) => `${token}:${Math.ceil(until - now)}`);
  if (item.opened !== '') fences.push(`${item.opened}:0`);
  return [item.org, item.contact, item.reference, fences.join(',')].join('|');
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
