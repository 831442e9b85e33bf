import type { Request } from 'express';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { bodyTypeOf, MAX_DEPTH, readJsonObject } from '../http/json-body.ts';
import { contextOf } from '../http/request-context.ts';
import type { Json } from '../lib/json.ts';

export interface BodyDefinition<Body> {
  /** Its messages complete `The member … `, such as `must be a text`, and never hold a value. */
  readonly schema: z.ZodType<Body>;
  readonly mediaTypes: readonly string[];
}

export const JSON_BODY = ['application/json'] as const;

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
  const json = readJsonObject(contextOf(req).body);
  if (!json)
    throw invalidBody(`The body must be a JSON object in UTF-8, nested at most ${MAX_DEPTH} levels deep.`);
  const result = schema.safeParse(json, NO_LIBRARY_MESSAGES);
  if (result.success) return { body: result.data, json };
  throw invalidBody(detailOf(result.error));
}

export function invalidBody(detail: string): AppError {
  return new AppError('INVALID_BODY', { detail });
}

function requireMediaType(req: Request, mediaTypes: readonly string[]): void {
  if (mediaTypes.includes(bodyTypeOf(req) ?? '')) return;
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', {
    accept: mediaTypes.join(', '),
    detail: `Send the body as ${mediaTypes.join(' or ')} in UTF-8, without a content coding.`,
  });
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
