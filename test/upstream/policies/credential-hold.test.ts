import { AppError } from '../../../src/errors.ts';
import { credentialHold } from '../../../src/upstream/policies/credential-hold.ts';
import { CREDENTIALS, INPUT, KEY_READ, READ, callOptions, scripted } from './attempts.ts';

const refusedFor = (reason: string) => new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason });
const refusal = refusedFor('INVALID_API_KEY');

function start(...script: (Error | 'ok')[]) {
  let now = 0;
  const { attempt, seen } = scripted(...script);
  const call = credentialHold({
    afterRefusals: 3,
    holdMs: 1000,
    maxHoldMs: 4000,
    now: () => now,
  })(attempt);
  const codeOf = (operation: typeof READ, credentials: typeof CREDENTIALS) =>
    call(operation, INPUT, callOptions({ credentials })).then(
      () => 'ok',
      (error: AppError) => error.code,
    );
  return {
    seen,
    code: (credentials = CREDENTIALS) => codeOf(READ, credentials),
    /** Calls an operation that carries the API key alone. */
    codeByKey: () => codeOf(KEY_READ, CREDENTIALS),
    pass: (ms: number) => void (now += ms),
  };
}

const REFUSED = 'UPSTREAM_CREDENTIALS_REJECTED';

test('makes calls after a few refusals', async () => {
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

test('rejects calls after many refusals in a row, except for a probe now and then', async () => {
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

test('makes calls again when a probe is accepted', async () => {
  const { code, pass } = start(refusal, refusal, refusal, 'ok');
  for (let count = 0; count < 3; count += 1) await code();
  pass(1000);
  expect(await Promise.all([code(), code()])).toEqual(['ok', REFUSED]);
  expect(await code()).toBe('ok');
});

test('lets the next probe through after one that failed for another reason', async () => {
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

test('does not add up refusals for different reasons', async () => {
  const other = new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason: 'USER_INACTIVE' });
  const broken = new AppError('UPSTREAM_BAD_RESPONSE');
  const script = [refusal, refusal, other, other, refusal, refusal, broken, refusal, refusal];
  const { seen, code } = start(...script);
  for (let count = 0; count < script.length; count += 1) await code();
  expect(seen).toHaveLength(script.length);
});

test('tries new credentials at once, also if they are equal, and does not hold back others', async () => {
  const { seen, code } = start(refusal);
  for (let count = 0; count < 5; count += 1) await code();
  expect(seen).toHaveLength(3);
  await code({ apiKey: 'other', developerSecret: 'other' });
  expect(seen).toHaveLength(4);
  await code({ ...CREDENTIALS });
  expect(seen).toHaveLength(5);
});

describe('a call with the API key alone', () => {
  const REASONS = ['MISSING_DEVELOPER_SECRET', 'INVALID_DEVELOPER_SECRET', 'IP_NOT_WHITELISTED'];

  test.each(REASONS)('is made during a hold for %s, and does not end it', async (reason) => {
    const refused = refusedFor(reason);
    const { seen, code, codeByKey } = start(refused, refused, refused, 'ok');
    for (let count = 0; count < 4; count += 1) await code();
    expect(seen).toHaveLength(3);
    expect(await codeByKey()).toBe('ok');
    expect(await code()).toBe(REFUSED);
    expect(seen).toHaveLength(4);
  });

  test.each(REASONS)('does not interrupt a row of refusals for %s', async (reason) => {
    const refused = refusedFor(reason);
    const { seen, code, codeByKey } = start(
      refused,
      refused,
      'ok',
      new AppError('UPSTREAM_BAD_RESPONSE'),
      refused,
    );
    for (let count = 0; count < 2; count += 1) await code();
    for (let count = 0; count < 2; count += 1) await codeByKey();
    for (let count = 0; count < 3; count += 1) await code();
    expect(seen).toHaveLength(5);
  });

  test.each(['MISSING_API_KEY', 'INVALID_API_KEY', 'USER_INACTIVE'])(
    'is held back by refusals for %s',
    async (reason) => {
      const { seen, code, codeByKey } = start(refusedFor(reason));
      for (let count = 0; count < 3; count += 1) await code();
      expect(await codeByKey()).toBe(REFUSED);
      expect(seen).toHaveLength(3);
    },
  );

  test.each([
    ['ends a hold for INVALID_API_KEY', 'INVALID_API_KEY', 'ok'],
    // The operation is not documented to refuse the key of a deactivated account.
    ['does not end a hold for USER_INACTIVE', 'USER_INACTIVE', REFUSED],
  ])('that is accepted as the probe %s', async (_name, reason, second) => {
    const refused = refusedFor(reason);
    const { code, codeByKey, pass } = start(refused, refused, refused, 'ok');
    for (let count = 0; count < 3; count += 1) await code();
    pass(1000);
    expect(await codeByKey()).toBe('ok');
    expect(await Promise.all([code(), code()])).toEqual(['ok', second]);
  });
});
