import { z } from 'zod';
import type { JsonObject } from '../../lib/json.ts';
import { parseUuid } from '../../lib/uuid.ts';
import { badResponse, CONTACT_REFUSALS, envelopeDecoder, identifier } from '../envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../operation.ts';

export interface NewContactInput extends UpstreamInput {
  /** Becomes the owner of a new contact. */
  readonly member: string;
  /** `insert` fails if the contact exists; `upsert` changes it. */
  readonly mode: 'insert' | 'upsert';
  /** The field that identifies an existing contact. */
  readonly matchBy: 'email' | 'phone';
  /** Values by write name. */
  readonly contact: JsonObject;
  /** The company; without it, the upstream makes one from the contact's name unless `skipEntity` is set. */
  readonly entity: JsonObject | undefined;
  readonly skipEntity: boolean;
}

export interface NewContact {
  /** Lower-case UUID. */
  readonly contact: string;
  /** Identifier of the company; null if the upstream does not return one. */
  readonly entity: string | null;
}

const decode = envelopeDecoder(
  z.object({ contact_id: z.string(), entity_id: identifier.nullable().optional() }),
  CONTACT_REFUSALS,
);

/**
 * Creates a contact, or changes an existing one in the mode `upsert`. The upstream's message for an existing
 * contact is not documented: in the mode `insert`, a message that contains "exist" is treated as `CONTACT_EXISTS`.
 */
export const createContact: UpstreamOperation<NewContactInput, NewContact> = {
  name: 'addContactsFull',
  path: '/apis/v2/public/crm/addContactsFull',
  idempotent: false,
  credentials: 'key and secret',
  body: (input, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: input.org,
    member_id: input.member,
    mode: input.mode,
    lookup_by: input.matchBy,
    skip_entity: input.skipEntity ? 1 : 0,
    contact: input.contact,
    ...(input.entity !== undefined && { entity: input.entity }),
  }),
  decode: (text, { mode }) => {
    const { contact_id: contactId, entity_id: entity = null } = decode(text, (message) =>
      mode === 'insert' && /exist/i.test(message) ? ['CONTACT_EXISTS', 'CONTACT_EXISTS'] : undefined,
    );
    const contact = parseUuid(contactId);
    if (contact === undefined) throw badResponse('NOT_THE_ENVELOPE');
    return { contact, entity };
  },
};
