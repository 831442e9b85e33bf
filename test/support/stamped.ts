import type { Change, Entry, FetchLease } from '../../src/cache/part-store.ts';

/** The stamp of an entry that no claim has fetched. */
export const UNSTAMPED = { generation: '', number: 0 } as const;

/** Returns the changes with the stamp of the claim whose call fetched them. */
export function stamped(
  { generation, number }: Pick<FetchLease, 'generation' | 'number'>,
  changes: readonly Change[],
): Change[] {
  return changes.map(({ entry, ...change }) => ({
    ...change,
    entry: entry && stampedEntry({ generation, number }, entry),
  }));
}

function stampedEntry(
  { generation, number }: Pick<FetchLease, 'generation' | 'number'>,
  entry: Entry,
): Entry {
  return { ...entry, generation, number };
}
