import { mapBounded } from '../../lib/map-bounded.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import type { ContactParts } from '../../contact/read-contact.ts';
import { isAppError } from '../../errors.ts';
import type { Latin1String } from '../../http/respond.ts';
import { problemOf } from '../../http/problem.ts';

type Settled = { readonly id: string } & ({ readonly found: ContactParts } | { readonly error: unknown });

/**
 * Reads several contacts, at most `parallelism` at a time, and returns the results in the order of `ids`. A
 * contact that fails does not affect the others; an unexpected error is an `INTERNAL_ERROR` of that contact.
 *
 * @param onUnexpected called with each error that is not an AppError.
 * @throws AppError `CLIENT_GONE` if the client closes the connection.
 */
export async function readBatch(
  ids: readonly string[],
  parallelism: number,
  read: (id: string) => MaybePromise<ContactParts>,
  onUnexpected: (error: unknown) => void,
) {
  const settled = await mapBounded(ids, parallelism, async (id): Promise<Settled> => {
    try {
      return { id, found: await read(id) };
    } catch (error) {
      if (isAppError(error, 'CLIENT_GONE')) throw error;
      if (!isAppError(error)) onUnexpected(error);
      return { id, error };
    }
  });
  const found = settled.flatMap((one) => ('found' in one ? [one.found] : []));
  const errors = settled.flatMap((one) => ('error' in one ? [one] : []));
  return {
    failed: errors.length > 0,
    fetchedAt: (oldest: (parts: ContactParts) => number) =>
      found.length > 0 ? Math.min(...found.map(oldest)) : undefined,
    /** Returns `{ "data": […], "errors": […] }`. `spell` returns an id as the caller wrote it. */
    assemble(
      assembleOne: (parts: ContactParts) => Latin1String,
      spell: (id: string) => string,
    ): Latin1String {
      const listed = errors.map(({ id, error }) => {
        const { status, code, title } = problemOf(error);
        return { id: spell(id), status, code, title };
      });
      // Ids and titles are ASCII, so the JSON is valid latin1.
      return `{"data":[${found.map(assembleOne).join(',')}],"errors":${JSON.stringify(listed)}}`;
    },
  };
}
