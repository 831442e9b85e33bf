import type { RequestHandler } from 'express';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { respond } from '../http/respond.ts';
import { jsonBodyOf } from './json-body.ts';
import { uuidString } from '../lib/uuid-schema.ts';

/** The body of `POST /invalidations`. */
export const invalidation = z.object({ orgId: uuidString, contactId: uuidString });

/** `POST /invalidations`: responds with 204 when no earlier response of the upstream can be served any more. */
export function invalidations(invalidate: (org: string, contact: string) => Promise<void>): RequestHandler {
  return async function invalidateContact(req, res) {
    const body = invalidation.safeParse(jsonBodyOf(req));
    if (!body.success) throw refusal(body.error.issues[0]?.path[0]);
    await invalidate(body.data.orgId, body.data.contactId);
    respond(res, 204, []);
  };
}

function refusal(member: PropertyKey | undefined): AppError {
  if (member === 'orgId') return new AppError('INVALID_REQUEST', { detail: 'orgId must be a UUID.' });
  if (member === 'contactId')
    return new AppError('INVALID_CONTACT_ID', { detail: 'contactId must be a UUID.' });
  return new AppError('INVALID_REQUEST', { detail: 'Send a JSON object in UTF-8 with orgId and contactId.' });
}
