import { decodeEnvelope } from '../../src/upstream/envelope.ts';
import type { Part } from '../../src/contact/parts/index.ts';

const CONTACT = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const query = (...parts: Part[]) => ({ org: 'o', member: 'm', contact: CONTACT, parts });
const answer = (data: object) =>
  JSON.stringify({ status: 'success', data: { contact: { contact_id: CONTACT }, ...data } });
const error = (...messages: unknown[]) => JSON.stringify({ status: 'error', data: messages });
const decode = (text: string, ...parts: Part[]) => decodeEnvelope(text, query(...parts));

test('returns the requested parts and the contact', () => {
  const text = answer({
    notes: [{ note_maker: 'x' }],
    entity: null,
    signals: null,
    contact_profile: { a: 1 },
  });
  expect(decode(text, 'notes', 'entity')).toEqual({
    contact: { contact_id: CONTACT },
    notes: [{ note_maker: 'x' }],
    entity: null,
  });
  expect(decode(text, 'profile')).toEqual({ contact: { contact_id: CONTACT }, profile: { a: 1 } });
});

test('compares identifiers in lower case', () => {
  expect(decode(answer({ contact: { contact_id: CONTACT.toUpperCase() } }), 'contact')).toHaveProperty(
    'contact',
  );
});

test.each([
  ['Missing service instance', 'UPSTREAM_CREDENTIALS_REJECTED', 'MISSING_API_KEY'],
  ['Invalid API Key', 'UPSTREAM_CREDENTIALS_REJECTED', 'INVALID_API_KEY'],
  ['Missing developer_secret', 'UPSTREAM_CREDENTIALS_REJECTED', 'MISSING_DEVELOPER_SECRET'],
  ['Invalid developer_secret', 'UPSTREAM_CREDENTIALS_REJECTED', 'INVALID_DEVELOPER_SECRET'],
  ['IP address not whitelisted', 'UPSTREAM_EGRESS_REJECTED', 'IP_NOT_WHITELISTED'],
  ['User is not active', 'UPSTREAM_CREDENTIALS_REJECTED', 'USER_INACTIVE'],
  ['Missing contact ID', 'UPSTREAM_BAD_RESPONSE', 'MISSING_CONTACT_ID'],
  ['Missing org ID', 'UPSTREAM_BAD_RESPONSE', 'MISSING_ORG_ID'],
  ['Missing member ID', 'UPSTREAM_BAD_RESPONSE', 'MISSING_MEMBER_ID'],
  ['No such contact', 'CONTACT_NOT_FOUND', 'NOT_FOUND'],
  ['Something new', 'UPSTREAM_BAD_RESPONSE', 'UNKNOWN_MESSAGE'],
  ['constructor', 'UPSTREAM_BAD_RESPONSE', 'UNKNOWN_MESSAGE'],
])('maps the message %j to %s', (message, code, reason) => {
  expect(() => decode(error(message), 'contact')).toThrow(
    expect.objectContaining({ code, details: expect.objectContaining({ reason }) }),
  );
});

test.each([
  ['HTML', '<!doctype html><title>Maintenance</title>'],
  ['nothing', ''],
  ['truncated JSON', answer({}).slice(0, -5)],
  ['another status', '{"status":"ok","data":{}}'],
  ['an array', '[]'],
  ['null', 'null'],
  ['an error without a message', error()],
  ['an error whose message is not a string', error({ a: 1 })],
  ['an error whose data is not an array', '{"status":"error","data":"No such contact"}'],
  ['no data', '{"status":"success"}'],
  ['no contact', '{"status":"success","data":{"contact":null}}'],
  ['a contact without its id', '{"status":"success","data":{"contact":{}}}'],
  ['another contact', answer({ contact: { contact_id: crypto.randomUUID() } })],
  ['notes that are not an array', answer({ notes: 'none' })],
  ['notes that are not objects', answer({ notes: ['a'] })],
  ['an entity that is an array', answer({ notes: null, entity: [] })],
  ['signals that are a string', answer({ notes: null, signals: 'x' })],
  ['a missing requested part', answer({ entity: null })],
])('rejects %s as a bad response', (_name, text) => {
  expect(() => decode(text, 'notes')).toThrow(expect.objectContaining({ code: 'UPSTREAM_BAD_RESPONSE' }));
});

test.each([
  [{ notes: 'none' }, 'notes'],
  [{ contact: 'none' }, 'contact'],
])('names the member that is not as documented for the log, and not its value: %j', (data, path) => {
  expect(() => decode(answer(data), 'notes')).toThrow(
    expect.objectContaining({
      code: 'UPSTREAM_BAD_RESPONSE',
      details: expect.objectContaining({ reason: 'NOT_THE_ENVELOPE', path }),
    }),
  );
});
