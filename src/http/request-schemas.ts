import { z } from 'zod';
import { INCLUDES } from '../contact/parts.ts';
import { UUID } from '../lib/uuid.ts';

/**
 * What requests may hold. Requests are checked by these very schemas, and the OpenAPI document describes
 * them: one cannot change without the other.
 */
export const MAX_LIST_LENGTH = 2000;

/** Comes out in lower case. */
export const uuidString = z.string().regex(UUID).toLowerCase();

export const includeList = z.array(z.enum(INCLUDES));

/** Comma-separated names of fields, as they are written in the query. */
export const fieldList = z.string().max(MAX_LIST_LENGTH);

/** Contact ids, none of them twice. */
export function idList(max: number) {
  return z.array(uuidString).min(1).max(max);
}

export const invalidation = z.object({ orgId: uuidString, contactId: uuidString });
