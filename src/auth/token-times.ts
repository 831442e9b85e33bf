import { isPlausibleTime } from '../lib/plausible-time.ts';

/** A token's times (RFC 7519 section 4.1) in seconds since the epoch, perhaps with a fraction. */
export interface TokenTimes {
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly expiresAt: number;
}

/** Returns undefined if `exp` is missing, or if any of the times cannot be one in seconds. */
export function readTimes(iat: unknown, nbf: unknown, exp: unknown): TokenTimes | undefined {
  if (!isPlausibleTime(exp) || !isTimeOrAbsent(iat) || !isTimeOrAbsent(nbf)) return undefined;
  return { issuedAt: iat, notBefore: nbf, expiresAt: exp };
}

function isTimeOrAbsent(value: unknown): value is number | undefined {
  return value === undefined || isPlausibleTime(value);
}

/** Returns whether a token is from a future that clocks within the tolerance do not explain. */
export function isAhead({ issuedAt, notBefore }: TokenTimes, nowS: number, toleranceS: number): boolean {
  const latest = nowS + toleranceS;
  return (issuedAt !== undefined && issuedAt > latest) || (notBefore !== undefined && notBefore > latest);
}

/**
 * Returns whether a token lives longer than allowed, or does not say. `isAhead` bounds `iat`, so the limit
 * cannot be passed by an `iat` in the future. Compares whole seconds, because some issuers cut off the
 * fraction of `iat` alone.
 */
export function livesTooLong({ issuedAt, expiresAt }: TokenTimes, maxLifetimeS: number | undefined): boolean {
  if (maxLifetimeS === undefined) return false;
  return issuedAt === undefined || Math.floor(expiresAt) - Math.floor(issuedAt) > maxLifetimeS;
}
