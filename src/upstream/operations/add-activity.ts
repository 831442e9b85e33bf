import { z } from 'zod';
import type { ContactRef } from '../../contact/read-contact.ts';
import type { JsonObject } from '../../lib/json.ts';
import { CONTACT_REFUSALS, envelopeDecoder } from '../envelope.ts';
import type { UpstreamOperation } from '../operation.ts';

export const ACTIVITY_TYPES = ['email', 'sms', 'call', 'message'] as const;
export const ACTIVITY_STATUSES = ['pending', 'processed'] as const;
/** Maximum length of an activity's source, in characters. */
export const MAX_ACTIVITY_SOURCE = 55;

export interface ActivityInput extends ContactRef {
  readonly type: (typeof ACTIVITY_TYPES)[number];
  readonly data: string | JsonObject;
  readonly source: string | undefined;
  readonly sentiment: string | undefined;
  readonly nextStep: string | undefined;
  /** The upstream's default is `processed`. */
  readonly status: (typeof ACTIVITY_STATUSES)[number] | undefined;
}

const decode = envelopeDecoder(z.unknown(), CONTACT_REFUSALS);

/** Adds an entry to a contact's communication history. The upstream has no operation to read, change or delete it. */
export const addActivity: UpstreamOperation<ActivityInput, void> = {
  name: 'addCommsHistory',
  path: '/apis/v2/public/crm/addCommsHistory',
  idempotent: false,
  credentials: 'key and secret',
  // Members that are undefined are left out of the JSON.
  body: (input, { apiKey, developerSecret }) => ({
    api_key: apiKey,
    developer_secret: developerSecret,
    org_id: input.org,
    member_id: input.member,
    contact_id: input.contact,
    comms_type: input.type,
    comms_data: input.data,
    comms_source: input.source,
    comms_sentiment: input.sentiment,
    comms_next: input.nextStep,
    comms_status: input.status,
  }),
  decode: (text) => void decode(text),
};
