import { addActivity, MAX_ACTIVITY_SOURCE } from '../../../src/upstream/operations/add-activity.ts';
import { COLLEAGUE, ORG, REQUEST } from '../../support/sandbox-servers.ts';
import { UNKNOWN_OUTCOMES, upstreamSandbox } from '../../support/upstream-sandbox.ts';

const upstream = upstreamSandbox();
const ACTIVITY = {
  org: ORG,
  member: COLLEAGUE,
  contact: REQUEST.contact_id,
  type: 'call',
  data: 'Asked for a quote',
  source: undefined,
  sentiment: undefined,
  nextStep: undefined,
  status: undefined,
} as const;
const stored = () => upstream.state.world.contacts.get(REQUEST.contact_id)?.activities;

test('adds an activity with the defaults of the upstream', async () => {
  expect(await upstream.call(addActivity, ACTIVITY)).toBeUndefined();
  expect(stored()).toMatchObject([
    { member: COLLEAGUE, type: 'call', data: 'Asked for a quote', source: '', status: 'processed' },
  ]);
});

test('sends every field', async () => {
  const all = {
    data: { minutes: 7 },
    source: 'x'.repeat(MAX_ACTIVITY_SOURCE),
    sentiment: 'positive',
    nextStep: 'Send the quote',
    status: 'pending',
  } as const;
  await upstream.call(addActivity, { ...ACTIVITY, ...all });
  const { nextStep, ...rest } = all;
  expect(stored()).toMatchObject([{ ...rest, next: nextStep }]);
});

test.each([
  ['CONTACT_NOT_FOUND', { contact: crypto.randomUUID() }],
  ['UPSTREAM_REFUSED', { data: '' }],
  ['UPSTREAM_REFUSED', { source: 'x'.repeat(MAX_ACTIVITY_SOURCE + 1) }],
])('%s for a refusal, of which nothing was carried out', async (code, change) => {
  expect(await upstream.refusal(addActivity, { ...ACTIVITY, ...change })).toMatchObject({
    code,
    outcome: 'none',
  });
  expect(stored()).toBeUndefined();
});

test.each(UNKNOWN_OUTCOMES)(
  '%s after it was added has an unknown outcome and is not repeated',
  async (mode, code) => {
    upstream.fail(addActivity, { mode });
    expect(await upstream.refusal(addActivity, ACTIVITY)).toMatchObject({ code, outcome: 'unknown' });
    expect(stored()).toHaveLength(1);
    expect(upstream.callCount()).toBe(1);
  },
);
