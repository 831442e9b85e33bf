import type { TokenIdentity } from './read-claims.ts';

/** A revocation of one token or of a subject's tokens. Times are seconds since the epoch. */
export interface Revocation {
  readonly by: 'jti' | 'sub';
  readonly value: string;
  /** The issuer of the tokens; undefined for any issuer. */
  readonly issuer: string | undefined;
  /** Revokes a subject's tokens issued in this second or earlier, and those without `iat`. */
  readonly before: number | undefined;
  /** The time when the last covered token has expired; undefined if it is unknown. */
  readonly until: number | undefined;
}

export interface Merged {
  /** Covers everything that `known` does. */
  readonly merged: Revocation;
  readonly known: Revocation | undefined;
}

/** The revocations that a process holds in memory, so that a check costs no round trip. */
export interface RevocationList {
  /** @returns false if the list is full. */
  add(revocation: Revocation): boolean;
  /** Merges a revocation with the active one of the same token or subject. Adds nothing. */
  merged(revocation: Revocation): Merged;
  /** Returns the revocations that have not expired. */
  active(): readonly Revocation[];
  covers(token: Pick<TokenIdentity, 'caller' | 'jti' | 'issuedAt'>): boolean;
}

export interface RevocationListOptions {
  readonly maxRevocations: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function revocationList({ maxRevocations, now }: RevocationListOptions): RevocationList {
  const entries = new Map<string, Revocation>();
  /** No entry expires before this time, in seconds. */
  let firstUntil = Infinity;

  function find(by: Revocation['by'], issuer: string | undefined, value: string): Revocation | undefined {
    const entry = entries.get(revocationKey({ by, issuer, value }));
    // Kept until its room is needed: if a clock that was ahead is set back, the token is valid again.
    return entry && !isExpired(entry) ? entry : undefined;
  }

  const isExpired = ({ until }: Revocation): boolean => until !== undefined && until <= now() / 1000;

  function makeRoom(): boolean {
    if (entries.size < maxRevocations) return true;
    // A full list must not be searched for each revocation that does not fit.
    if (firstUntil > now() / 1000) return false;
    firstUntil = Infinity;
    for (const [key, entry] of entries) {
      if (isExpired(entry)) entries.delete(key);
      else firstUntil = Math.min(firstUntil, entry.until ?? Infinity);
    }
    return entries.size < maxRevocations;
  }

  function merged(revocation: Revocation): Merged {
    const { by, issuer, value } = revocation;
    const known = find(by, issuer, value);
    return { known, merged: known ? mergeRevocations(known, revocation) : revocation };
  }

  return {
    add(revocation) {
      if (isExpired(revocation)) return true;
      const key = revocationKey(revocation);
      const known = entries.get(key);
      if (!known && !makeRoom()) return false;
      entries.set(key, known ? mergeRevocations(known, revocation) : revocation);
      firstUntil = Math.min(firstUntil, revocation.until ?? Infinity);
      return true;
    },
    merged,
    active: () => [...entries.values()].filter((entry) => !isExpired(entry)),
    covers({ caller, jti, issuedAt }) {
      if (entries.size === 0) return false;
      return [caller.issuer, undefined].some((issuer) => {
        if (jti !== undefined && find('jti', issuer, jti)) return true;
        const before = find('sub', issuer, caller.subject)?.before;
        // Compares whole seconds, because some issuers truncate times and others send fractions.
        return before !== undefined && (issuedAt === undefined || Math.floor(issuedAt) <= before);
      });
    },
  };
}

/** Returns the same key for revocations of the same token or subject. Issuers and values hold no line ends. */
function revocationKey({ by, issuer, value }: Pick<Revocation, 'by' | 'issuer' | 'value'>): string {
  return issuer === undefined ? `${by}\n${value}` : `${by}\n${issuer}\n${value}`;
}

/** Returns a revocation that covers all tokens of both, until the later of both ends. */
function mergeRevocations(one: Revocation, other: Revocation): Revocation {
  const until =
    one.until === undefined || other.until === undefined ? undefined : Math.max(one.until, other.until);
  const before = Math.max(one.before ?? -Infinity, other.before ?? -Infinity);
  return { ...one, until, before: Number.isFinite(before) ? before : undefined };
}
