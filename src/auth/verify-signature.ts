import jwt from 'jsonwebtoken';
import { AppError } from '../errors.ts';
import { invalidToken, type RefusalReason } from './invalid-token.ts';
import type { TokenKey } from './key-set.ts';

export type ClaimChecks = Pick<
  jwt.VerifyOptions,
  'clockTolerance' | 'clockTimestamp' | 'issuer' | 'audience'
>;

/**
 * Returns the payload of a token if its signature matches the key and algorithm and its claims pass the checks.
 *
 * @throws AppError `EXPIRED_TOKEN`, or `INVALID_TOKEN` for any other failure.
 */
export function verifySignature(
  token: string,
  { key, algorithms }: TokenKey,
  algorithm: string,
  checks: ClaimChecks,
): unknown {
  if (!algorithms.has(algorithm)) throw invalidToken('NO_KEY_FITS');
  try {
    return jwt.verify(token, key, { ...checks, algorithms: [algorithm as jwt.Algorithm] });
  } catch (cause) {
    // Any error is possible: a signature of the wrong length throws a TypeError.
    if (cause instanceof jwt.TokenExpiredError) throw new AppError('EXPIRED_TOKEN', { cause });
    throw invalidToken(reasonOf(cause), cause);
  }
}

/** Maps an error of jsonwebtoken to a reason. The library distinguishes most errors by their message only. */
function reasonOf(error: unknown): RefusalReason {
  if (error instanceof jwt.NotBeforeError) return 'NOT_YET_VALID';
  const message = error instanceof jwt.JsonWebTokenError ? error.message : '';
  if (message.startsWith('jwt audience')) return 'WRONG_AUDIENCE';
  return /^(jwt issuer|invalid (exp|nbf))/.test(message) ? 'BAD_CLAIMS' : 'BAD_SIGNATURE';
}
