const MAX_LENGTH = 256;
// oxlint-disable-next-line no-control-regex
const BREAKS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/;

/**
 * Returns whether an external name (an issuer, a subject, a token's id) is bounded in length and free of
 * control characters and line breaks, so that it is safe in logs, headers and keys.
 */
export function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= MAX_LENGTH && value.isWellFormed() && !BREAKS.test(value)
  );
}
