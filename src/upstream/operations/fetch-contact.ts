import { INCLUDES, PART, type Part } from '../../contact/parts/index.ts';
import type { ContactQuery } from '../../contact/read-contact.ts';
import type { Json } from '../../lib/json.ts';
import { decodeEnvelope } from '../envelope.ts';
import type { UpstreamOperation } from '../operation.ts';

/** Reads a contact on behalf of a member. Requests only the parts of the query; the response always has `contact`. */
export const fetchContact: UpstreamOperation<ContactQuery, Partial<Record<Part, Json>>> = {
  name: 'fetchContact',
  path: '/apis/v2/public/crm/fetchContact',
  idempotent: true,
  credentials: 'key and secret',
  body: ({ org, member, contact, parts }, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: org,
    member_id: member,
    contact_id: contact,
    ...Object.fromEntries(
      INCLUDES.map((include) => [PART[include].upstream.flag, parts.includes(include) ? 1 : 0]),
    ),
  }),
  decode: decodeEnvelope,
};
