import type { RequestHandler } from 'express';
import { z } from 'zod';
import { parseUuid } from '../contact/uuid.ts';
import { AppError } from '../errors.ts';

const BODY = z.object({ orgId: z.unknown(), contactId: z.unknown() });

/** `POST /invalidations`: answers 204 once nothing that was fetched before can be served any more. */
export function invalidations(invalidate: (org: string, contact: string) => Promise<void>): RequestHandler {
  return async function invalidateContact(req, res) {
    const body = BODY.safeParse(req.body);
    if (!body.success) {
      // Only what a page of another origin cannot send unasked is taken, so JSON and nothing else.
      throw new AppError('INVALID_REQUEST', { detail: 'Send a JSON object with orgId and contactId.' });
    }
    const org = parseUuid(body.data.orgId);
    const contact = parseUuid(body.data.contactId);
    if (!org) throw new AppError('INVALID_REQUEST', { detail: 'orgId must be a UUID.' });
    if (!contact) throw new AppError('INVALID_CONTACT_ID', { detail: 'contactId must be a UUID.' });
    await invalidate(org, contact);
    res.status(204).end();
  };
}
