import resilience from '../../../config/resilience.json' with { type: 'json' };
import { addNote } from '../../../src/upstream/operations/add-note.ts';
import { fetchContact } from '../../../src/upstream/operations/fetch-contact.ts';
import type { Faults } from '../../../src/sandbox/faults.ts';
import { closedPort } from '../../support/closed-port.ts';
import { COLLEAGUE, ORG, OWNER, REQUEST } from '../../support/sandbox-servers.ts';
import { failureOf } from '../../support/upstream-client.ts';
import { CREDENTIALS, UNKNOWN_OUTCOMES, upstreamSandbox } from '../../support/upstream-sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';

const upstream = upstreamSandbox();
const NOTE = {
  org: ORG,
  member: OWNER,
  contact: REQUEST.contact_id,
  noteId: undefined,
  content: 'Call on Monday',
  visible: true,
  editable: false,
};
const QUERY = { org: ORG, member: OWNER, contact: REQUEST.contact_id, parts: ['contact'] as const };

const fail = (faults: Partial<Faults>) => upstream.fail(addNote, faults);
const add = (change: object = {}) => upstream.call(addNote, { ...NOTE, ...change });
const refusal = (change: object = {}) => upstream.refusal(addNote, { ...NOTE, ...change });
const carriedOut = () => upstream.carriedOut(addNote);

test('adds a note, and updates it under its id', async () => {
  const note = await add();
  expect(note).toEqual({
    id: expect.any(String),
    content: NOTE.content,
    visible: true,
    editable: false,
  });
  const change = { noteId: note.id, content: 'Call on Tuesday', visible: false, editable: true };
  expect(await add(change)).toEqual({ id: note.id, content: change.content, visible: false, editable: true });
});

test.each([
  ['CONTACT_NOT_FOUND', 'NOT_FOUND', { contact: crypto.randomUUID() }],
  ['NOT_CONTACT_OWNER', 'NOT_OWNER', { member: COLLEAGUE }],
  ['UPSTREAM_REFUSED', 'UNKNOWN_MESSAGE', { content: '' }],
  ['UPSTREAM_REFUSED', 'UNKNOWN_MESSAGE', { noteId: crypto.randomUUID() }],
])('%s for a refusal with %s, of which nothing was carried out', async (code, reason, change) => {
  expect(await refusal(change)).toEqual({ code, reason, outcome: 'none' });
  expect(carriedOut()).toBe(0);
});

test('the message of a refusal is carried apart from the detail', async () => {
  const { details } = await failureOf(add({ noteId: crypto.randomUUID() }));
  expect(details).toMatchObject({ refusal: 'No such note' });
  expect(details.detail).toBeUndefined();
});

test('refused credentials read as those of fetchContact', async () => {
  await upstream.reconnect({}, undefined, { ...CREDENTIALS, developerSecret: 'zdk_wrong' });
  expect(await refusal()).toEqual({
    code: 'UPSTREAM_CREDENTIALS_REJECTED',
    reason: 'INVALID_DEVELOPER_SECRET',
    outcome: 'none',
  });
});

describe('a fault', () => {
  const PHASES = ['before', 'during', 'after'] as const;

  test.each(UNKNOWN_OUTCOMES.flatMap(([mode, code]) => PHASES.map((phase) => [mode, phase, code] as const)))(
    '%s %s the note is added has an unknown outcome, and nothing is sent again',
    async (mode, phase, code) => {
      fail({ mode, phase });
      expect(await refusal()).toMatchObject({ code, outcome: 'unknown' });
      if (phase !== 'before') await waitFor('the note', () => carriedOut() === 1);
      expect(carriedOut()).toBe(phase === 'before' ? 0 : 1);
      expect(upstream.callCount()).toBe(1);
    },
  );

  test.each(PHASES)('a time-out %s the note is added has an unknown outcome', async (phase) => {
    await upstream.reconnect({ timeoutMs: 2000 });
    fail({ mode: 'silent', phase });
    expect(await refusal()).toEqual({
      code: 'UPSTREAM_TIMEOUT',
      reason: 'TOTAL_TIMEOUT',
      outcome: 'unknown',
    });
    expect(carriedOut()).toBe(phase === 'before' ? 0 : 1);
    expect(upstream.callCount()).toBe(1);
  });

  test('a note that is added after the time-out has an unknown outcome', async () => {
    await upstream.reconnect({ timeoutMs: 2000 });
    fail({ commitDelayMs: 4000 });
    expect(await refusal()).toMatchObject({ code: 'UPSTREAM_TIMEOUT', outcome: 'unknown' });
    await waitFor('the note', () => carriedOut() === 1);
  });

  test('for one call is over with the next', async () => {
    fail({ mode: 'http-500', calls: 1 });
    expect(await refusal()).toMatchObject({ outcome: 'unknown' });
    expect(await add()).toMatchObject({ content: NOTE.content });
  });
});

describe('nothing was sent', () => {
  test('if the connection is refused, twice', async () => {
    const closed = await closedPort();
    await upstream.reconnect({}, closed.port);
    const error = await refusal().finally(() => closed.release());
    expect(error).toEqual({ code: 'UPSTREAM_UNAVAILABLE', reason: 'ECONNREFUSED', outcome: 'none' });
  });

  test('if the organization has no credentials', async () => {
    await upstream.reconnect({}, undefined, null);
    expect(await refusal()).toMatchObject({ code: 'ORG_NOT_CONFIGURED', outcome: 'none' });
    expect(upstream.callCount()).toBe(0);
  });

  test('if the circuit breaker is open', async () => {
    await upstream.reconnect({ breaker: { ...resilience.breaker, window: 1, minFailures: 1 } });
    fail({ mode: 'http-500' });
    await refusal();
    expect(await refusal()).toMatchObject({ reason: 'BREAKER_OPEN', outcome: 'none' });
    expect(upstream.callCount()).toBe(1);
  });

  test('if the credentials are held', async () => {
    await upstream.reconnect({ credentialHold: { ...resilience.credentialHold, afterRefusals: 1 } });
    fail({ mode: 'error:INVALID_API_KEY' });
    await refusal();
    expect(await refusal()).toMatchObject({ reason: 'HELD', outcome: 'none' });
    expect(upstream.callCount()).toBe(1);
  });

  test('if the queue is full, or the caller leaves while the call is in it', async () => {
    await upstream.reconnect({ maxConcurrency: 1, maxQueue: 1 });
    fail({ mode: 'silent', calls: 1 });
    const gone = new AbortController();
    const sent = failureOf(upstream.call(addNote, NOTE, { signal: gone.signal }));
    await waitFor('the first call', () => upstream.callCount() === 1);
    const queued = failureOf(upstream.call(addNote, NOTE, { signal: gone.signal }));
    expect(await refusal()).toMatchObject({ reason: 'QUEUE_FULL', outcome: 'none' });
    gone.abort();
    expect((await queued).details.outcome).toBe('none');
    expect((await sent).details.outcome).toBe('unknown');
    expect(await queued).toMatchObject({ code: 'CLIENT_GONE' });
    expect(upstream.callCount()).toBe(1);
  });
});

test('refusals do not open the circuit breaker', async () => {
  await upstream.reconnect({
    breaker: { ...resilience.breaker, window: 2, minFailures: 1, failureRate: 0.1 },
  });
  fail({ mode: 'unknown-message' });
  for (let count = 0; count < 4; count += 1)
    expect(await refusal()).toEqual({
      code: 'UPSTREAM_REFUSED',
      reason: 'UNKNOWN_MESSAGE',
      outcome: 'none',
    });
  expect(await upstream.call(fetchContact, QUERY)).toHaveProperty('contact');
});
