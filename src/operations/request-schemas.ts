import { z } from 'zod';
import { INCLUDES } from '../contact/parts/index.ts';
import { uuidString } from '../lib/uuid-schema.ts';

/**
 * The maximum length of a list parameter in characters. The schemas of this file validate requests and generate
 * the OpenAPI document, so the two cannot differ.
 */
export const MAX_LIST_LENGTH = 2000;

export const includeList = z.array(z.enum(INCLUDES));

/** Comma-separated field names of the query. */
export const fieldList = z.string().max(MAX_LIST_LENGTH);

/** A list of 1 to `max` contact ids. */
export function idList(max: number) {
  return z.array(uuidString).min(1).max(max);
}
