import { saveContact, visibleContactOf } from '../contacts.ts';
import { failure, success } from '../messages.ts';
import { upstreamTime } from '../records.ts';
import { CONTACT_ID, isMissing, MEMBER_ID, ORG_ID, type Body, type SandboxOperation } from './operation.ts';

const TYPES: readonly unknown[] = ['email', 'sms', 'call', 'message'];
const STATUSES: readonly unknown[] = ['pending', 'processed'];
const MAX_SOURCE_LENGTH = 55;

/** Adds an activity, which no operation returns. The messages other than fetchContact's are not documented. */
export const addActivity: SandboxOperation = {
  name: 'addCommsHistory',
  path: '/apis/v2/public/crm/addCommsHistory',
  credentials: 'key and secret',
  required: [
    CONTACT_ID,
    ORG_ID,
    MEMBER_ID,
    ['comms_type', 'MISSING_COMMS_TYPE', 'Missing comms type'],
    ['comms_data', 'MISSING_COMMS_DATA', 'Missing comms data'],
  ],
  carryOut(request) {
    const { body, world } = request;
    const record = visibleContactOf(request);
    if (!record) return failure('NOT_FOUND');
    const invalid = invalidField(body);
    if (invalid !== undefined) return failure('INVALID_COMMS', `Invalid ${invalid}`);
    const activity = {
      member: body['member_id'],
      type: body['comms_type'],
      data: body['comms_data'],
      source: body['comms_source'] ?? '',
      sentiment: body['comms_sentiment'] ?? '',
      next: body['comms_next'] ?? '',
      status: body['comms_status'] ?? 'processed',
      created: upstreamTime(),
    };
    saveContact(world, { ...record, activities: [...(record.activities ?? []), activity] });
    return success();
  },
};

function invalidField(body: Body): string | undefined {
  const { comms_type: type, comms_data: data, comms_source: source, comms_status: status } = body;
  if (!TYPES.includes(type)) return 'comms type';
  if (typeof data !== 'string' && (typeof data !== 'object' || Array.isArray(data))) return 'comms data';
  if (!isMissing(source) && (typeof source !== 'string' || Array.from(source).length > MAX_SOURCE_LENGTH))
    return 'comms source';
  return isMissing(status) || STATUSES.includes(status) ? undefined : 'comms status';
}
