import { z } from 'zod';
import type { JsonObject } from '../../lib/json.ts';
import { CONTACT_REFUSALS, envelopeDecoder } from '../envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../operation.ts';

export interface FieldsInput extends UpstreamInput {
  readonly contact: string;
  /** New values by write name, in the form that the upstream takes: flags are 0 or 1. */
  readonly fields: JsonObject;
}

const decode = envelopeDecoder(z.unknown(), CONTACT_REFUSALS);

/**
 * Changes fields of a contact and of its company. Tags and custom fields are merged. The upstream does not take
 * a member, so the caller has to authorize the member.
 */
export const updateFields: UpstreamOperation<FieldsInput, void> = {
  name: 'updateFieldData',
  path: '/apis/v2/public/crm/updateFieldData',
  idempotent: false,
  credentials: 'key and secret',
  body: ({ org, contact, fields }, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: org,
    contact_id: contact,
    fields,
  }),
  decode: (text) => void decode(text),
};
