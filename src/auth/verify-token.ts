import { isAppError } from '../errors.ts';
import { invalidToken, type RefusalReason } from './invalid-token.ts';
import type { TokenKey } from './key-set.ts';
import { readClaims, type TokenIdentity } from './read-claims.ts';
import { readHeader, readIssuer } from './read-token.ts';
import { isAhead, livesTooLong } from './token-times.ts';
import type { TrustedIssuer, TrustedIssuers } from './trusted-issuers.ts';
import { verifySignature } from './verify-signature.ts';

export interface VerifierOptions {
  readonly issuers: Pick<TrustedIssuers, 'of'>;
  readonly clockToleranceS: number;
  /** Limit of `exp` minus `iat`: tokens above it, or without `iat`, are rejected. Undefined for no limit. */
  readonly maxLifetimeS: number | undefined;
  /** The scopes that are kept of a token, because something depends on them. A token can have thousands. */
  readonly knownScopes: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The identity of the caller, with the key and the issuer that verified its token. */
export interface VerifiedToken extends TokenIdentity {
  readonly key: TokenKey;
  readonly issuer: TrustedIssuer;
}

export type VerifyToken = (token: string) => Promise<VerifiedToken>;

/**
 * Creates a function that verifies a JWT (RFC 7519, RFC 8725) and reads the caller from it. The token selects
 * among the keys and algorithms that are configured for its issuer; it cannot supply either.
 *
 * @throws AppError `EXPIRED_TOKEN`; `UPSTREAM_UNAVAILABLE` if the issuer's keys were never fetched; or
 *   `INVALID_TOKEN` for any other failure, without details for the caller.
 */
export function tokenVerifier(options: VerifierOptions): VerifyToken {
  function verifyWith(key: TokenKey, token: string, algorithm: string, issuer: TrustedIssuer): VerifiedToken {
    const nowS = options.now() / 1000;
    const claims = verifySignature(token, key, algorithm, {
      clockTolerance: options.clockToleranceS,
      clockTimestamp: nowS,
      ...(issuer.issuer !== undefined && { issuer: issuer.issuer }),
      ...(issuer.audience !== undefined && { audience: issuer.audience }),
    });
    const identity = readClaims(claims, issuer, options.knownScopes);
    if (!identity) throw invalidToken('BAD_CLAIMS');
    if (isAhead(identity, nowS, options.clockToleranceS)) throw invalidToken('NOT_YET_VALID');
    if (livesTooLong(identity, options.maxLifetimeS)) throw invalidToken('LIVES_TOO_LONG');
    return { ...identity, key, issuer };
  }

  return async function verifyToken(token) {
    const header = readHeader(token);
    if (!header) throw invalidToken('MALFORMED');
    const { kid, algorithm } = header;
    const issuer = options.issuers.of(readIssuer(token));
    if (!issuer) throw invalidToken('UNKNOWN_ISSUER');
    const key = await issuer.keys.find(kid, algorithm);
    if (!key) throw invalidToken('NO_KEY_FITS');
    try {
      return verifyWith(key, token, algorithm, issuer);
    } catch (error) {
      if (!isBadSignature(error)) throw error;
      // The issuer may have replaced the key under the same `kid`.
      const replacement = await issuer.keys.replacementFor(key, kid, algorithm);
      if (!replacement) throw error;
      return verifyWith(replacement, token, algorithm, issuer);
    }
  };
}

function isBadSignature(error: unknown): boolean {
  const expected: RefusalReason = 'BAD_SIGNATURE';
  return isAppError(error, 'INVALID_TOKEN') && error.details.reason === expected;
}
