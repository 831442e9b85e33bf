import { AppError } from '../errors.ts';

/** The reason for a rejected token. It is logged for the operator and never sent to the caller. */
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
