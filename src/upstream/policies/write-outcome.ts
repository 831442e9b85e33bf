import { AppError, isAppError } from '../../errors.ts';
import type { Policy } from '../operation.ts';

/**
 * Sets `details.outcome` on the error of a failed write attempt: `none` if the attempt was not sent or the upstream
 * refused it, otherwise `unknown`. The innermost policy.
 */
export function attemptOutcome(): Policy {
  return (next) =>
    async function stateAttemptOutcome(operation, input, options) {
      if (operation.idempotent) return next(operation, input, options);
      options.signal.throwIfAborted();
      try {
        return await next(operation, input, options);
      } catch (error) {
        const details = isAppError(error) ? error.details : {};
        const none = details.notSent === true || details.refusal !== undefined;
        throw withOutcome(error, none ? 'none' : 'unknown', options.signal);
      }
    };
}

/** Sets the outcome `none` on the error of a write that was rejected before any attempt. The outermost policy. */
export function callOutcome(): Policy {
  return (next) =>
    async function stateCallOutcome(operation, input, options) {
      if (operation.idempotent) return next(operation, input, options);
      try {
        return await next(operation, input, options);
      } catch (error) {
        if (isAppError(error) && error.details.outcome !== undefined) throw error;
        throw withOutcome(error, 'none', options.signal);
      }
    };
}

/** Returns a copy of the error with an outcome: other calls may share the original, the reason of an abort. */
function withOutcome(error: unknown, outcome: 'none' | 'unknown', signal: AbortSignal): AppError {
  if (isAppError(error)) return new AppError(error.code, { cause: error, ...error.details, outcome });
  const copy = new AppError(signal.aborted ? 'CLIENT_GONE' : 'INTERNAL_ERROR', { cause: error, outcome });
  if (error instanceof Error && error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
