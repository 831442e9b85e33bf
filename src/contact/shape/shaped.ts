import type { FetchRawParts, FetchShapedParts } from '../fetch-parts.ts';
import { PARTS } from '../parts/index.ts';
import { AppError } from '../../errors.ts';
import type { ShapePart } from './shape-parts.ts';

/**
 * Wraps a fetch of raw parts to return shaped JSON bytes, so that stores do not parse them.
 *
 * @throws AppError `UPSTREAM_BAD_RESPONSE` if a value is nested too deeply to be serialized.
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
      // Plain JSON values can only fail here by overflowing the stack.
      if (!(cause instanceof RangeError)) throw cause;
      throw new AppError('UPSTREAM_BAD_RESPONSE', { reason: 'JSON_TOO_DEEP', cause });
    }
    return bytes;
  };
}
