import jwt from 'jsonwebtoken';
import { AppError } from '../errors.ts';
import { invalidToken, type RefusalReason } from './invalid-token.ts';
import type { TokenKey } from './key-set.ts';

export type ClaimChecks = Pick<
  jwt.VerifyOptions,
  'clockTolerance' | 'clockTimestamp' | 'issuer' | 'audience'
>;

/**
 * The payload of a token whose signature by this key and algorithm holds, and whose claims pass the checks.
 *
 * @throws AppError `EXPIRED_TOKEN`, or `INVALID_TOKEN` for every other fault.
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
    // Anything may come out of here: a signature of the wrong length throws a TypeError.
    if (cause instanceof jwt.TokenExpiredError) throw new AppError('EXPIRED_TOKEN', { cause });
    throw invalidToken(reasonOf(cause), cause);
  }
}

/** The library tells its faults apart by their text alone. */
function reasonOf(error: unknown): RefusalReason {
  if (error instanceof jwt.NotBeforeError) return 'NOT_YET_VALID';
  const message = error instanceof jwt.JsonWebTokenError ? error.message : '';
  if (message.startsWith('jwt audience')) return 'WRONG_AUDIENCE';
  return /^(jwt issuer|invalid (exp|nbf))/.test(message) ? 'BAD_CLAIMS' : 'BAD_SIGNATURE';
}
