import type { FetchRawParts, FetchShapedParts } from '../contact/fetch-parts.ts';
import { PARTS } from '../contact/parts.ts';
import { AppError } from '../errors.ts';
import type { ShapePart } from './shape-parts.ts';

/**
 * Turns raw parts into the bytes that go out, so that whatever stores them need not look inside.
 *
 * @throws AppError `UPSTREAM_BAD_RESPONSE` where a value nests too deep to be written.
 */
export function shaped(shapePart: ShapePart, fetchRaw: FetchRawParts): FetchShapedParts {
  return async function fetchShapedParts(query, options) {
    const raw = await fetchRaw(query, options);
    const bytes: Awaited<ReturnType<FetchShapedParts>> = {};
    try {
      for (const part of PARTS) {
        const value = raw[part];
        if (value !== undefined) bytes[part] = Buffer.from(JSON.stringify(shapePart(part, value)));
      }
    } catch (cause) {
      // The stack's end is the one way for plain JSON values to fail here.
      if (!(cause instanceof RangeError)) throw cause;
      throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'JSON_TOO_DEEP', cause });
    }
    return bytes;
  };
}
