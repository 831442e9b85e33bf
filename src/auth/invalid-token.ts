import { AppError } from '../errors.ts';

/** Why a token was refused, for the operator's log: the caller is told nothing of it. */
export type RefusalReason =
  | 'MALFORMED'
  | 'SEVERAL_TOKENS'
  | 'UNKNOWN_ISSUER'
  | 'NO_KEY_FITS'
  | 'BAD_SIGNATURE'
  | 'WRONG_AUDIENCE'
  | 'NOT_YET_VALID'
  | 'BAD_CLAIMS'
  | 'LIVES_TOO_LONG'
  | 'REVOKED';

export function invalidToken(reason: RefusalReason, cause?: unknown): AppError {
  return new AppError('INVALID_TOKEN', { reason, cause });
}
