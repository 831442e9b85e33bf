import { INCLUDES, type Include, type Part } from '../../contact/parts.ts';
import type { ContactQuery } from '../../contact/read-contact.ts';
import type { Json } from '../../lib/json.ts';
import { decodeEnvelope } from '../envelope.ts';
import type { UpstreamOperation } from '../operation.ts';

/** The member of the request that asks for each include. */
const FLAGS: Readonly<Record<Include, string>> = {
  notes: 'include_notes',
  entity: 'include_entity',
  profile: 'include_profile',
  signals: 'include_signals',
};

/** Reads a contact as a member. Requests the parts of the query and no others; `contact` always comes along. */
export const fetchContact: UpstreamOperation<ContactQuery, Partial<Record<Part, Json>>> = {
  name: 'fetchContact',
  path: '/apis/v2/public/crm/fetchContact',
  idempotent: true,
  body: ({ org, member, contact, parts }, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: org,
    member_id: member,
    contact_id: contact,
    ...Object.fromEntries(INCLUDES.map((include) => [FLAGS[include], parts.includes(include) ? 1 : 0])),
  }),
  decode: decodeEnvelope,
};
