import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** A response body that cannot be read as text. `code` names the reason for the operator. */
export class ResponseBodyError extends Error {
  readonly code: string;

  constructor(code: string, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.name = 'ResponseBodyError';
    this.code = code;
  }
}

type Decoder = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer;

/** The content codings of RFC 9110 section 8.4.1, `br` (RFC 7932) and `zstd` (RFC 8878). */
const DECODERS = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
]);

/**
 * Decodes a complete response body to text: content coding first, then UTF-8 without a byte order mark.
 * Requests accept `identity` only, so most bodies have no coding.
 *
 * @param contentEncoding the values of the `Content-Encoding` field.
 * @param maxBytes bounds the decoded size, so that a small body cannot expand without limit.
 * @throws ResponseBodyError `TOO_LARGE`, `CONTENT_ENCODING_<name>` if the coding is not supported, or
 *   `BROKEN_CONTENT_ENCODING_<name>` if the body does not match the coding.
 */
export function responseText(
  bytes: Buffer,
  contentEncoding: string | readonly string[] | undefined,
  maxBytes: number,
): string {
  const decoded = contentEncoding === undefined ? bytes : decode(bytes, contentEncoding, maxBytes);
  return decoded.toString('utf8', hasByteOrderMark(decoded) ? 3 : 0);
}

function decode(bytes: Buffer, contentEncoding: string | readonly string[], maxBytes: number): Buffer {
  const codings = String(contentEncoding)
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  const [coding] = codings;
  if (coding === undefined) return bytes;
  const decoder = codings.length === 1 ? DECODERS.get(coding) : undefined;
  if (!decoder) throw new ResponseBodyError(`CONTENT_ENCODING_${codeOf(codings)}`);
  try {
    return decoder(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new ResponseBodyError('TOO_LARGE', cause);
    throw new ResponseBodyError(`BROKEN_CONTENT_ENCODING_${codeOf(codings)}`, cause);
  }
}

/** Returns the names in a form that is safe in a log line, because the peer may send any text. */
function codeOf(codings: readonly string[]): string {
  return codings
    .join('_')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .slice(0, 24);
}

/**
 * Returns whether the bytes begin with a byte order mark. A parser may ignore it (RFC 8259 section 8.1), but
 * `JSON.parse` rejects it.
 */
function hasByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
