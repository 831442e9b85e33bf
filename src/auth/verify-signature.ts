import jwt from 'jsonwebtoken';
import { AppError } from '../errors.ts';
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
  if (!algorithms.has(algorithm)) throw new AppError('INVALID_TOKEN');
  try {
    return jwt.verify(token, key, { ...checks, algorithms: [algorithm as jwt.Algorithm] });
  } catch (cause) {
    // Anything may come out of here: a signature of the wrong length throws a TypeError.
    throw new AppError(cause instanceof jwt.TokenExpiredError ? 'EXPIRED_TOKEN' : 'INVALID_TOKEN', { cause });
  }
}
