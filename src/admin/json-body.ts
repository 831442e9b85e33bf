import type { Request } from 'express';
import { bodyTypeOf, readJsonObject } from '../http/json-body.ts';
import { contextOf } from '../http/request-context.ts';
import type { JsonObject } from '../lib/json.ts';

/**
 * Returns the JSON object of a request; undefined unless it was sent as JSON, which a page of another origin cannot
 * do without a preflight.
 */
export function jsonBodyOf(req: Request): JsonObject | undefined {
  return bodyTypeOf(req) === 'application/json' ? readJsonObject(contextOf(req).body) : undefined;
}
