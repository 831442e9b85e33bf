import type { KeyObject } from 'node:crypto';

/** A key and the algorithms of its family that it may verify. */
export interface TokenKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<string>;
}

/** The keys of one issuer. */
export interface KeySet {
  /**
   * Returns the only key for a token's `kid` and `alg`; undefined if no key fits, or if several do.
   *
   * @throws AppError `UPSTREAM_UNAVAILABLE` if no fetch has succeeded since the start, so that the token cannot
   *   be verified yet.
   */
  find(kid: string | undefined, algorithm: string): Promise<TokenKey | undefined>;
  /**
   * Returns the key that has replaced `key` under the same `kid`, or undefined. Called when a signature does
   * not match the key; fetches the set again, at a bounded rate.
   */
  replacementFor(key: TokenKey, kid: string | undefined, algorithm: string): Promise<TokenKey | undefined>;
  /** Returns whether a key returned earlier is still in the set. */
  holds(key: TokenKey): boolean;
  close(): void;
}

/** Creates a set of the keys that the operator configured. They have no `kid`, so a token's is ignored. */
export function fixedKeySet(keys: readonly TokenKey[]): KeySet {
  return {
    async find(_kid, algorithm) {
      return onlyOne(keys.filter(({ algorithms }) => algorithms.has(algorithm)));
    },
    replacementFor: async () => undefined,
    holds: (key) => keys.includes(key),
    close: () => {},
  };
}

/** Combines several sets; the first set that has a key for the token is used. */
export function joinedKeySet(sets: readonly KeySet[]): KeySet {
  return {
    async find(kid, algorithm) {
      for (const set of sets) {
        const found = await set.find(kid, algorithm);
        if (found) return found;
      }
      return undefined;
    },
    replacementFor: async (key, kid, algorithm) =>
      sets.find((set) => set.holds(key))?.replacementFor(key, kid, algorithm),
    holds: (key) => sets.some((set) => set.holds(key)),
    close: () => {
      for (const set of sets) set.close();
    },
  };
}

/** Returns the only key; undefined if the keys differ, because the token must not choose between keys. */
export function onlyOne(keys: readonly TokenKey[]): TokenKey | undefined {
  const [first, ...others] = keys;
  return first && others.every(({ key }) => key.equals(first.key)) ? first : undefined;
}

/** Merges entries with the same `kid` and key material into one with the algorithms of all. */
export function mergeEqualKeys(keys: readonly TokenKey[]): TokenKey[] {
  const merged: TokenKey[] = [];
  for (const entry of keys) {
    const at = merged.findIndex(({ kid, key }) => kid === entry.kid && key.equals(entry.key));
    if (at === -1) merged.push(entry);
    else merged[at] = { ...entry, algorithms: new Set([...merged[at]!.algorithms, ...entry.algorithms]) };
  }
  return merged;
}
