import { MIMEType } from 'node:util';
import type { Request } from 'express';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { contextOf } from '../http/request-context.ts';
import { isJsonObject, parseJson, type Json } from '../lib/json.ts';

export interface BodyDefinition<Body> {
  /** Its messages complete `The member … `, such as `must be a text`, and never hold a value. */
  readonly schema: z.ZodType<Body>;
  readonly mediaTypes: readonly string[];
}

export const JSON_BODY = ['application/json'] as const;

/** Drops a byte order mark before the JSON. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The message of a check that does not have one of its own: zod's would be sent to the caller. */
const NO_LIBRARY_MESSAGES = { error: () => 'is not valid' };

export interface ParsedBody<Body> {
  readonly body: Body;
  /** The JSON of the request, before its defaults are filled in. */
  readonly json: Json;
}

/**
 * Returns the JSON object of a request's body.
 *
 * @throws AppError `UNSUPPORTED_MEDIA_TYPE`, or `INVALID_BODY` with the name of a wrong or unknown member.
 */
export function parseBody<Body>(
  req: Request,
  { schema, mediaTypes }: BodyDefinition<Body>,
): ParsedBody<Body> {
  requireMediaType(req, mediaTypes);
  const json = readJson(contextOf(req).body);
  const result = schema.safeParse(json, NO_LIBRARY_MESSAGES);
  if (result.success) return { body: result.data, json };
  throw invalidBody(detailOf(result.error));
}

export function invalidBody(detail: string): AppError {
  return new AppError('INVALID_BODY', { detail });
}

function requireMediaType({ headers }: Request, mediaTypes: readonly string[]): void {
  const type = mediaTypeOf(headers['content-type']);
  const coding = headers['content-encoding'] ?? 'identity';
  if (type !== undefined && mediaTypes.includes(type) && coding.toLowerCase() === 'identity') return;
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', {
    accept: mediaTypes.join(', '),
    detail: `Send the body as ${mediaTypes.join(' or ')} in UTF-8, without a content coding.`,
  });
}

/** The name of UTF-8, and the label that some clients send. */
const UTF8_LABEL = /^utf-?8$/i;

/**
 * Returns `type/subtype` in lower case; undefined if it is malformed, or if the charset is not UTF-8. Ignores all
 * other parameters (RFC 9110 section 5.6.6).
 */
function mediaTypeOf(contentType = ''): string | undefined {
  try {
    const { essence, params } = new MIMEType(contentType);
    return UTF8_LABEL.test(params.get('charset') ?? 'utf-8') ? essence : undefined;
  } catch {
    return undefined;
  }
}

function readJson(body: Buffer | undefined): Json {
  try {
    const json = parseJson(UTF8.decode(body));
    if (isJsonObject(json) && isWithin(json, MAX_DEPTH)) return json;
  } catch {
    // The parser's message would repeat a part of the body.
  }
  throw invalidBody(`The body must be a JSON object in UTF-8, nested at most ${MAX_DEPTH} levels deep.`);
}

/** Functions that follow the values recursively must not overflow the stack. */
const MAX_DEPTH = 32;

function isWithin(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value as object).every((one: Json) => isWithin(one, levels - 1));
}

const MAX_NAME_LENGTH = 64;

/** Describes the first issue by the name of its member. */
function detailOf({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'The body is invalid.';
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])].map(String).join('.');
  const name = JSON.stringify(path.slice(0, MAX_NAME_LENGTH));
  if (unknown !== undefined) return `The member ${name} is unknown.`;
  return path === '' ? `The body ${issue.message}.` : `The member ${name} ${issue.message}.`;
}
