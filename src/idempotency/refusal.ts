import { AppError, isAppError, type ErrorCode } from '../errors.ts';

/** A refusal of the upstream, in the form in which a record holds it. */
export interface Refusal {
  readonly code: ErrorCode;
  /** The upstream's code and message. */
  readonly reason: string | undefined;
  readonly refusal: string;
}

/**
 * The codes of refusals that are the result of a write: the upstream would refuse the same request again. Its
 * other refusals are about the proxy (credentials, address, a defect). These end when the operator has fixed the
 * cause, so a retry with the same key has to be possible.
 */
const FINAL: readonly ErrorCode[] = [
  'CONTACT_EXISTS',
  'CONTACT_NOT_FOUND',
  'NOT_CONTACT_OWNER',
  'UPSTREAM_REFUSED',
];

/**
 * Returns the refusal that a repeat receives as well, or undefined for any other error. Only the upstream's
 * response to a write sets both `refusal` and `outcome`: a read has no outcome, and a check of the proxy or a call
 * that was not sent has no refusal.
 */
export function finalRefusal(error: unknown): Refusal | undefined {
  if (!isAppError(error, ...FINAL)) return undefined;
  const { outcome, reason, refusal } = error.details;
  return outcome === 'none' && refusal !== undefined ? { code: error.code, reason, refusal } : undefined;
}

/** Returns the error of a repeat. */
export function replayedError({ code, reason, refusal }: Refusal): AppError {
  return new AppError(code, {
    outcome: 'none',
    refusal,
    ...(reason !== undefined && { reason }),
    replayed: true,
  });
}
