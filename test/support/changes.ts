import type { Change, Entry, FetchLease } from '../../src/cache/part-store.ts';
import type { Part } from '../../src/contact/parts/index.ts';
import { stamped } from './stamped.ts';

/** Returns a change of a part that a store keeps for a minute. */
export const change = (part: Part, entry: Entry | undefined, retentionMs = 60_000) => ({
  part,
  entry,
  retentionMs,
});

/** Stores changes as the call of the claim. */
export const storeIn = (claim: FetchLease, changes: readonly Change[]) =>
  claim.store(stamped(claim, changes));
