import type { TokenIdentity } from './read-claims.ts';

/** Seconds since the epoch throughout. */
export interface Revocation {
  readonly by: 'jti' | 'sub';
  readonly value: string;
  /** Whose tokens; undefined for those of any issuer. */
  readonly issuer: string | undefined;
  /** Revokes a subject's tokens issued in this second or earlier, and those without `iat`. */
  readonly before: number | undefined;
  /** When the last token that it covers has expired; undefined where that is not known. */
  readonly until: number | undefined;
}

/** What every process holds in memory, so that looking costs a request no round trip. */
export interface RevocationList {
  /** @returns false where there is no room. */
  add(revocation: Revocation): boolean;
  /** Those that are not over. */
  standing(): readonly Revocation[];
  covers(token: Pick<TokenIdentity, 'caller' | 'jti' | 'issuedAt'>): boolean;
}

export interface RevocationListOptions {
  readonly maxRevocations: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function revocationList({ maxRevocations, now }: RevocationListOptions): RevocationList {
  const entries = new Map<string, Revocation>();

  function find(by: Revocation['by'], issuer: string | undefined, value: string): Revocation | undefined {
    const entry = entries.get(revocationKey({ by, issuer, value }));
    // Kept until its room is needed: a clock that was ahead may be set back, and its token is valid again then.
    return entry && !isOver(entry) ? entry : undefined;
  }

  const isOver = ({ until }: Revocation): boolean => until !== undefined && until <= now() / 1000;

  function makeRoom(): boolean {
    if (entries.size < maxRevocations) return true;
    for (const [key, entry] of entries) if (isOver(entry)) entries.delete(key);
    return entries.size < maxRevocations;
  }

  return {
    add(revocation) {
      if (isOver(revocation)) return true;
      const key = revocationKey(revocation);
      const known = entries.get(key);
      if (!known && !makeRoom()) return false;
      entries.set(key, known ? mergeRevocations(known, revocation) : revocation);
      return true;
    },
    standing: () => [...entries.values()].filter((entry) => !isOver(entry)),
    covers({ caller, jti, issuedAt }) {
      if (entries.size === 0) return false;
      return [caller.issuer, undefined].some((issuer) => {
        if (jti !== undefined && find('jti', issuer, jti)) return true;
        const before = find('sub', issuer, caller.subject)?.before;
        // Whole seconds: one issuer cuts off the fraction of a time, another sends it.
        return before !== undefined && (issuedAt === undefined || Math.floor(issuedAt) <= before);
      });
    },
  };
}

/** The same for revocations of the same token or subject. No issuer or value holds a line end. */
export function revocationKey({ by, issuer, value }: Pick<Revocation, 'by' | 'issuer' | 'value'>): string {
  return issuer === undefined ? `${by}\n${value}` : `${by}\n${issuer}\n${value}`;
}

/** What both cover, for as long as either does. */
export function mergeRevocations(one: Revocation, other: Revocation): Revocation {
  const until =
    one.until === undefined || other.until === undefined ? undefined : Math.max(one.until, other.until);
  const before = Math.max(one.before ?? -Infinity, other.before ?? -Infinity);
  return { ...one, until, before: Number.isFinite(before) ? before : undefined };
}
