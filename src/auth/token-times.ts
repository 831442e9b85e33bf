import { isPlausibleTime } from '../lib/plausible-time.ts';

/** A token's times (RFC 7519 section 4.1) in seconds since the epoch, possibly with a fraction. */
export interface TokenTimes {
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly expiresAt: number;
}

/** Reads a token's times; undefined if `exp` is missing, or if one of the times is not plausible in seconds. */
export function readTimes(iat: unknown, nbf: unknown, exp: unknown): TokenTimes | undefined {
  if (!isPlausibleTime(exp) || !isTimeOrAbsent(iat) || !isTimeOrAbsent(nbf)) return undefined;
  return { issuedAt: iat, notBefore: nbf, expiresAt: exp };
}

function isTimeOrAbsent(value: unknown): value is number | undefined {
  return value === undefined || isPlausibleTime(value);
}

/** Returns whether a token's `iat` or `nbf` is further in the future than the clock tolerance. */
export function isAhead({ issuedAt, notBefore }: TokenTimes, nowS: number, toleranceS: number): boolean {
  const latest = nowS + toleranceS;
  return (issuedAt !== undefined && issuedAt > latest) || (notBefore !== undefined && notBefore > latest);
}

/**
 * Returns whether a token lives longer than allowed, or has no `iat`. `isAhead` bounds `iat`, so an `iat` in
 * the future cannot evade the limit. Compares whole seconds, because some issuers truncate `iat` alone.
 */
export function livesTooLong({ issuedAt, expiresAt }: TokenTimes, maxLifetimeS: number | undefined): boolean {
  if (maxLifetimeS === undefined) return false;
  return issuedAt === undefined || Math.floor(expiresAt) - Math.floor(issuedAt) > maxLifetimeS;
}
