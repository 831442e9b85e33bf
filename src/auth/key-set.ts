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
   * The one key for a token's `kid` and `alg`, or undefined where none fits, or more than one.
   *
   * @throws AppError `UPSTREAM_UNAVAILABLE` where no key could be fetched since the start, so that nothing
   *   can be said of the token.
   */
  find(kid: string | undefined, algorithm: string): Promise<TokenKey | undefined>;
  /**
   * Returns the key that has replaced one under its name, or undefined. Called when a signature does not match
   * the key; asks the issuer again at a bounded rate.
   */
  replacementFor(key: TokenKey, kid: string | undefined, algorithm: string): Promise<TokenKey | undefined>;
  /** Whether a key that was found before is still one of the set. */
  holds(key: TokenKey): boolean;
  close(): void;
}

/** Keys that the operator configured. They have no `kid`, so a token's says nothing. */
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

/** Several sets as one; the first that has a key for the token answers. */
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

/** Returns undefined if keys of different material fit: guessing among them would be the token's choice. */
export function onlyOne(keys: readonly TokenKey[]): TokenKey | undefined {
  const [first, ...others] = keys;
  return first && others.every(({ key }) => key.equals(first.key)) ? first : undefined;
}

/** Merges entries of equal name and material into one, which verifies the algorithms of all. */
export function mergeEqualKeys(keys: readonly TokenKey[]): TokenKey[] {
  const merged: TokenKey[] = [];
  for (const entry of keys) {
    const at = merged.findIndex(({ kid, key }) => kid === entry.kid && key.equals(entry.key));
    if (at === -1) merged.push(entry);
    else merged[at] = { ...entry, algorithms: new Set([...merged[at]!.algorithms, ...entry.algorithms]) };
  }
  return merged;
}
