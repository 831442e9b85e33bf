const MAX_LENGTH = 256;
// oxlint-disable-next-line no-control-regex
const BREAKS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/;

/**
 * Whether a name that others chose (an issuer, a subject, a token's id) is bounded, and holds nothing that
 * could end a line, a field or a key wherever it goes.
 */
export function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= MAX_LENGTH && value.isWellFormed() && !BREAKS.test(value)
  );
}
