import type { Request } from 'express';
import type { ContactParts } from '../contact/read-contact.ts';
import { contextOf } from '../http/request-context.ts';
import type { Latin1String } from '../http/respond.ts';
import type { Representation } from '../http/send-json.ts';
import { contentHash } from '../lib/content-hash.ts';
import { hashOfParts, oldestFetch } from './assemble.ts';
import type { Fieldsets } from './parse-query.ts';

/**
 * Returns `{ "data": … }` of one contact or part. Without fieldsets, the entity tag is derived from the known hashes
 * of the parts, so the body is not hashed.
 */
export function representationOf(
  req: Request,
  data: Latin1String,
  found: ContactParts,
  fieldsets: Fieldsets,
): Representation {
  const body = `{"data":${data}}`;
  const hash = fieldsets.size === 0 ? hashOfParts(found) : hashOf(body);
  return { body, contentHash: hash, cache: contextOf(req).cache, fetchedAt: oldestFetch(found) };
}

export function hashOf(body: Latin1String): string {
  return contentHash(Buffer.from(body, 'latin1'));
}
