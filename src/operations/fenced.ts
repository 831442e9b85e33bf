import type { ContactRef } from '../contact/read-contact.ts';
import { AppError, isAppError } from '../errors.ts';
import type { OperationServices } from './services.ts';

const TOO_LATE = 'The server was not able to send the write in time. Nothing was sent; try again.';

/**
 * Calls the upstream inside a fence around the contact.
 *
 * @param prepare runs inside the fence before the call.
 */
export async function fenced<T>(
  services: OperationServices,
  { org, contact }: Pick<ContactRef, 'org' | 'contact'>,
  call: () => Promise<T>,
  prepare = async (): Promise<void> => {},
): Promise<T> {
  const { monotonicNow, sendWithinMs } = services;
  const sendBefore = monotonicNow() + sendWithinMs;
  const fence = await beforeSending(() => services.fence(org, contact));
  let result: T;
  try {
    await beforeSending(prepare);
    // The fence of a process that dies ends by itself, so a process that was paused must not send anything.
    if (monotonicNow() > sendBefore)
      throw new AppError('CACHE_UNAVAILABLE', { detail: TOO_LATE, outcome: 'none', retryAfterS: 1 });
    result = await call();
  } catch (error) {
    const outcome = isAppError(error) ? (error.details.outcome ?? 'unknown') : 'unknown';
    if (outcome === 'unknown') fence.uncertain();
    // Nothing was changed, so nothing needs the promise that failed; the contact opens by itself later.
    else await fence.open().catch(() => {});
    throw withOutcome(error, 'unknown');
  }
  await acknowledged(() => fence.open());
  return result;
}

/**
 * Waits for the promise that no cache shows data from before a write that was carried out.
 *
 * @throws AppError `CACHE_UNAVAILABLE` with the outcome `unknown`, so that a repeat looks before it writes.
 */
export async function acknowledged(promise: () => Promise<void>): Promise<void> {
  try {
    await promise();
  } catch (cause) {
    throw new AppError('CACHE_UNAVAILABLE', {
      detail: 'The write was carried out, but older data may still be shown for a while.',
      outcome: 'unknown',
      retryAfterS: 1,
      cause,
    });
  }
}

/** Returns the error with its outcome, or with `outcome` if the error does not have one. */
export function withOutcome(error: unknown, outcome: 'none' | 'unknown'): AppError {
  if (!isAppError(error)) return new AppError('INTERNAL_ERROR', { outcome, cause: error });
  if (error.details.outcome !== undefined) return error;
  return new AppError(error.code, { ...error.details, outcome, cause: error });
}

/** Runs a step that fails before anything is sent. */
async function beforeSending<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw withOutcome(error, 'none');
  }
}
