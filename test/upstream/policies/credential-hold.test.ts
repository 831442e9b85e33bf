import { AppError } from '../../../src/errors.ts';
import { credentialHold } from '../../../src/upstream/policies/credential-hold.ts';
import { INPUT, callOptions, callThrough, scripted } from './attempts.ts';

const refusal = new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason: 'INVALID_API_KEY' });

function start(...script: (Error | 'ok')[]) {
  let now = 0;
  const { attempt, seen } = scripted(...script);
  const pairs = new Map<string, object>([
    ['org', {}],
    ['other', {}],
  ]);
  const policy = credentialHold({
    afterRefusals: 3,
    holdMs: 1000,
    maxHoldMs: 4000,
    credentialsOf: (org) => pairs.get(org),
    now: () => now,
  });
  const fetch = callThrough(policy, attempt);
  const code = (org = 'org') =>
    fetch({ ...INPUT, org }, callOptions()).then(
      () => 'ok',
      (error: AppError) => error.code,
    );
  return { fetch, seen, pairs, code, pass: (ms: number) => void (now += ms) };
}

const REFUSED = 'UPSTREAM_CREDENTIALS_REJECTED';

test('a few refusals hold nothing back', async () => {
  const { seen, code } = start(refusal, refusal, 'ok', refusal, refusal, 'ok');
  for (let count = 0; count < 6; count += 1) await code();
  expect(seen).toHaveLength(6);
});

test.each(['CONTACT_NOT_FOUND', 'CONTACT_EXISTS', 'NOT_CONTACT_OWNER'] as const)(
  '%s shows that the credentials are accepted',
  async (code) => {
    const accepted = new AppError(code);
    const { seen, code: outcome } = start(refusal, refusal, accepted, refusal, refusal, accepted);
    for (let count = 0; count < 6; count += 1) await outcome();
    expect(seen).toHaveLength(6);
    expect(await outcome()).toBe(code);
  },
);

test('after many in a row calls are answered with the refusal, and one now and then tries', async () => {
  const { seen, code, pass } = start(refusal);
  for (let count = 0; count < 50; count += 1) expect(await code()).toBe(REFUSED);
  expect(seen).toHaveLength(3);
  pass(1000);
  expect(await Promise.all([code(), code(), code()])).toEqual([REFUSED, REFUSED, REFUSED]);
  expect(seen).toHaveLength(4);
  const tries: number[] = [];
  for (let second = 1; second <= 20; second += 1) {
    pass(1000);
    const before = seen.length;
    await code();
    if (seen.length > before) tries.push(second);
  }
  expect(tries).toEqual([2, 6, 10, 14, 18]);
});

test('a try that is accepted ends it', async () => {
  const { code, pass } = start(refusal, refusal, refusal, 'ok');
  for (let count = 0; count < 3; count += 1) await code();
  pass(1000);
  expect(await Promise.all([code(), code()])).toEqual(['ok', REFUSED]);
  expect(await code()).toBe('ok');
});

test('a try that says nothing of the credentials leaves the next one free to try', async () => {
  const { code, pass } = start(
    refusal,
    refusal,
    refusal,
    new AppError('UPSTREAM_TIMEOUT'),
    new AppError('CONTACT_NOT_FOUND'),
  );
  for (let count = 0; count < 3; count += 1) await code();
  pass(1000);
  expect(await code()).toBe('UPSTREAM_TIMEOUT');
  expect(await code()).toBe('CONTACT_NOT_FOUND');
});

test('refusals for different reasons are no row', async () => {
  const other = new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason: 'USER_INACTIVE' });
  const broken = new AppError('UPSTREAM_BAD_RESPONSE');
  const script = [refusal, refusal, other, other, refusal, refusal, broken, refusal, refusal];
  const { seen, code } = start(...script);
  for (let count = 0; count < script.length; count += 1) await code();
  expect(seen).toHaveLength(script.length);
});

test('new credentials are tried at once, and others are not held back with them', async () => {
  const { seen, pairs, code } = start(refusal);
  for (let count = 0; count < 5; count += 1) await code();
  expect(seen).toHaveLength(3);
  await code('other');
  expect(seen).toHaveLength(4);
  pairs.set('org', {});
  await code();
  expect(seen).toHaveLength(5);
});

test('an organization without credentials makes no call', async () => {
  const { seen, code } = start('ok');
  expect(await code('nobody')).toBe('ORG_NOT_CONFIGURED');
  expect(seen).toEqual([]);
});
