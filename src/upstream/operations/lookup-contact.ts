import { z } from 'zod';
import { isAppError } from '../../errors.ts';
import { parseUuid } from '../../lib/uuid.ts';
import { badResponse, CONTACT_REFUSALS, envelopeDecoder, type Refusal } from '../envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../operation.ts';

export interface LookupInput extends UpstreamInput {
  /** Matched by the upstream against ids, names, roles, e-mail addresses, phone numbers and companies. */
  readonly text: string;
}

export interface FoundContact {
  /** Lower-case UUID. */
  readonly id: string;
  /** Compared with the text, and never shown: the member may not see the contact. */
  readonly email: unknown;
  /** As `email`. */
  readonly phone: unknown;
}

const NOT_FOUND: Refusal = ['NOT_FOUND', 'CONTACT_NOT_FOUND'];

const decode = envelopeDecoder(
  z.union([
    z.object({
      contact: z
        .object({
          contact_id: z.string(),
          contact_email: z.unknown().optional(),
          contact_phone: z.unknown().optional(),
        })
        .nullable(),
    }),
    z.array(z.unknown()).length(0),
    z.null(),
  ]),
  CONTACT_REFUSALS,
);

/**
 * Finds the organization's first contact that matches a text, or null. The upstream does not take a member and its
 * response contains all parts, so callers must not show more than the id. Its response without a match is not
 * documented: an empty success and messages such as "no match" are treated as one.
 */
export const lookupContact: UpstreamOperation<LookupInput, FoundContact | null> = {
  name: 'lookupContact',
  path: '/apis/v2/public/crm/lookupContact',
  idempotent: true,
  credentials: 'key and secret',
  body: ({ org, text }, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: org,
    search_string: text,
  }),
  decode: (text) => {
    const data = foundBy(text);
    if (data === null || !('contact' in data) || data.contact === null) return null;
    const id = parseUuid(data.contact.contact_id);
    if (id === undefined) throw badResponse('NOT_THE_ENVELOPE');
    return { id, email: data.contact.contact_email, phone: data.contact.contact_phone };
  },
};

function foundBy(text: string) {
  try {
    return decode(text, (message) =>
      /\bnot found\b|\bno\b.*\b(match|contact|result|record)/i.test(message) ? NOT_FOUND : undefined,
    );
  } catch (error) {
    if (isAppError(error, 'CONTACT_NOT_FOUND')) return null;
    throw error;
  }
}
