import type { IncomingMessage } from 'node:http';
import { MIMEType } from 'node:util';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../lib/json.ts';

/** The name of UTF-8, and the label that some clients send. */
const UTF8_LABEL = /^utf-?8$/i;
/** Drops a byte order mark before the JSON. Bytes that are not UTF-8 must not become other text: it may name someone. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** Functions that follow the values recursively must not overflow the stack. */
export const MAX_DEPTH = 32;

/**
 * Returns the `type/subtype` of a request's body in lower case; undefined if it is malformed or missing, has a
 * content coding, or if the charset is not UTF-8. Ignores all other parameters (RFC 9110 section 5.6.6).
 */
export function bodyTypeOf({ headers }: IncomingMessage): string | undefined {
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return undefined;
  try {
    const { essence, params } = new MIMEType(headers['content-type'] ?? '');
    return UTF8_LABEL.test(params.get('charset') ?? 'utf-8') ? essence : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the object of a received body; undefined unless it is JSON in UTF-8, at most `MAX_DEPTH` levels deep. */
export function readJsonObject(body: Buffer | undefined): JsonObject | undefined {
  try {
    const json = parseJson(UTF8.decode(body));
    return isJsonObject(json) && isWithin(json, MAX_DEPTH) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isWithin(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value as object).every((one: Json) => isWithin(one, levels - 1));
}
