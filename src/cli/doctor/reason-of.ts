import { AppError } from '../../errors.ts';

/** Returns `ok`, or the reason of a call's failure. A contact that does not exist is `ok`. */
export async function reasonOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'ok';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'CONTACT_NOT_FOUND' ? 'ok' : (error.details.reason ?? error.code);
  }
}
