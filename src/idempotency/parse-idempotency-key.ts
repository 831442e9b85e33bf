import { AppError } from '../errors.ts';

/** A string of RFC 9651 section 3.3.3, without parameters. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
const TOKEN = /^[A-Za-z0-9._-]+$/;
const MAX_LENGTH = 255;
const DETAIL =
  'Send one Idempotency-Key: a quoted string of 1 to 255 printable ASCII characters, or 1 to 255 characters of A-Za-z0-9._- without quotes.';

/**
 * Parses `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). The quoted and the bare form of a key
 * are the same key.
 *
 * @param field the value of the header field. Node joins several fields by a comma, which no form contains
 *   outside of quotes, so several fields are invalid.
 * @throws AppError INVALID_IDEMPOTENCY_KEY
 */
export function parseIdempotencyKey(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const key = TOKEN.test(field) ? field : QUOTED.exec(field)?.[1]?.replaceAll(/\\(.)/g, '$1');
  if (key === undefined || key.length === 0 || key.length > MAX_LENGTH)
    throw new AppError('INVALID_IDEMPOTENCY_KEY', { detail: DETAIL });
  return key;
}
