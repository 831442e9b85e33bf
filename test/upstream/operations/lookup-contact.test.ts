import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { lookupContact } from '../../../src/upstream/operations/lookup-contact.ts';
import { ORG, REQUEST } from '../../support/sandbox-servers.ts';
import { upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();

const JANE = { id: REQUEST.contact_id, email: 'jane.smith@example.com', phone: '+1-555-0123' };

test('returns the id of the first match, the values to compare, and nothing else', async () => {
  expect(await upstream.call(lookupContact, { org: ORG, text: 'jane' })).toEqual(JANE);
});

test('returns null if nothing matches', async () => {
  expect(await upstream.call(lookupContact, { org: ORG, text: 'no such text' })).toBeNull();
});

test('a message that is not known is a refusal', async () => {
  upstream.fail(lookupContact, { mode: 'unknown-message' });
  expect(await upstream.refusal(lookupContact, { org: ORG, text: 'jane' })).toEqual({
    code: 'UPSTREAM_REFUSED',
    reason: 'UNKNOWN_MESSAGE',
    outcome: undefined,
  });
});

test('a read is repeated after a reset', async () => {
  upstream.fail(lookupContact, { mode: 'reset', calls: 1 });
  expect(await upstream.call(lookupContact, { org: ORG, text: 'jane' })).toEqual(JANE);
  expect(upstream.callCount()).toBe(2);
});

async function lookupOf(response: object): Promise<unknown> {
  const server = createServer((_req, res) => res.end(JSON.stringify(response)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await upstream.reconnect({}, (server.address() as AddressInfo).port);
    const text = { org: ORG, text: 'jane' };
    return await upstream.call(lookupContact, text).catch((error: { code: string }) => error.code);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a response of another upstream', () => {
  test.each([
    { status: 'success', data: null },
    { status: 'success', data: [] },
    { status: 'success', data: { contact: null } },
    { status: 'error', data: ['No contact found'] },
    { status: 'error', data: ['Contact not found'] },
    { status: 'error', data: ['No matching records'] },
  ])('%j is no match', async (response) => {
    expect(await lookupOf(response)).toBeNull();
  });

  test.each([
    { status: 'success', data: {} },
    { status: 'success', data: { contact: { contact_id: 7 } } },
    { status: 'success', data: { contact: { contact_id: '../other' } } },
    { status: 'success' },
  ])('%j is a bad response', async (response) => {
    expect(await lookupOf(response)).toBe('UPSTREAM_BAD_RESPONSE');
  });

  test('an id in upper case is returned in lower case', async () => {
    const contact = { contact_id: REQUEST.contact_id.toUpperCase() };
    expect(await lookupOf({ status: 'success', data: { contact } })).toEqual({ id: REQUEST.contact_id });
  });
});
