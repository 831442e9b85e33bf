import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../lib/json.ts';
import {
  ACTIVITY_STATUSES,
  ACTIVITY_TYPES,
  addActivity,
  MAX_ACTIVITY_SOURCE,
} from '../../upstream/operations/add-activity.ts';
import { characters, choice } from '../body-schemas.ts';
import { JSON_BODY } from '../body.ts';
import { defineBodyOperation } from '../operation.ts';
import { parseContactId } from '../parse-query.ts';
import { NO_CALLER } from '../read-contact-now.ts';
import { changeContact, performWrite, refOf } from '../write.ts';

const text = characters(1000);
const DATA = { error: 'must be a text that is not empty, or an object' };

const ACTIVITY = z.strictObject({
  type: choice(ACTIVITY_TYPES),
  data: z.union(
    [z.string(DATA).min(1, DATA), z.custom<JsonObject>(isJsonObject, DATA).meta({ type: 'object' })],
    DATA,
  ),
  source: characters(MAX_ACTIVITY_SOURCE).optional(),
  sentiment: text.optional(),
  nextStep: text.optional(),
  status: choice(ACTIVITY_STATUSES).optional(),
});

/** `POST /contacts/:id/activities`: adds an entry to the communication history, which cannot be read back. */
export const logActivity = defineBodyOperation({
  id: 'logActivity',
  method: 'post',
  path: '/contacts/:id/activities',
  scope: 'writeActivities',
  body: { schema: ACTIVITY, mediaTypes: JSON_BODY },
  async handle(req, { body, json }, services) {
    const ref = refOf(req);
    const { type, data, source, sentiment, nextStep, status } = body;
    const input = { ...ref, type, data, source, sentiment, nextStep, status };
    return performWrite(req, services, {
      operation: 'logActivity',
      json,
      ref,
      attempt: {
        async execute(requireLease) {
          const call = () => {
            requireLease();
            return services.upstream(addActivity, input, NO_CALLER);
          };
          await changeContact(req, services, ref, { allowAny: true, call });
          return { status: 204, headers: [], value: undefined };
        },
      },
    });
  },
  docs: {
    summary: 'Log an activity of a contact',
    description: () =>
      'Adds an entry to the communication history of the contact. The CRM cannot return, change or delete it.',
    parameters: ['ContactId'],
    parts: [],
    body: { example: { type: 'call', data: 'Spoke about the renewal.', nextStep: 'Send the offer' } },
    success: { status: 204, description: 'The activity was logged.' },
    errors: ['CONTACT_NOT_FOUND', 'NOT_CONTACT_OWNER', 'UPSTREAM_REFUSED'],
    invalid: () => [() => parseContactId('42')],
  },
});
