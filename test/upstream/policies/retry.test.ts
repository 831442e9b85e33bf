import { AppError } from '../../../src/errors.ts';
import { sleeper } from '../../../src/lib/timers.ts';
import { retry } from '../../../src/upstream/policies/retry.ts';
import { fakeClock, settled } from '../../support/fake-clock.ts';
import { INPUT, WRITE, callOptions, callThrough, scripted } from './attempts.ts';

const reset = new AppError('UPSTREAM_UNAVAILABLE', { reason: 'ECONNRESET', transient: true });

function start(...script: (Error | 'ok')[]) {
  const clock = fakeClock();
  const { attempt, seen } = scripted(...script);
  const policy = retry({
    maxDelayMs: 200,
    ratio: 0.2,
    reserve: 2,
    now: clock.now,
    random: () => 0.5,
    sleep: sleeper(clock.setTimer),
  });
  const fetch = callThrough(policy, attempt);
  const write = callThrough(policy, attempt, WRITE);
  return { clock, fetch, write, seen };
}

test('retries a transient failure once, after a delay', async () => {
  const { clock, fetch, seen } = start(reset, 'ok');
  const answer = fetch(INPUT, callOptions());
  await clock.advance(99);
  expect(seen).toHaveLength(1);
  await clock.advance(1);
  await expect(answer).resolves.toBe('ok');
  expect(seen.map(({ priority, deadline }) => [priority, deadline])).toEqual([
    ['caller', 5000],
    ['retry', 5000],
  ]);
});

test('does not retry twice', async () => {
  const { clock, fetch, seen } = start(reset);
  const answer = expect(fetch(INPUT, callOptions())).rejects.toBe(reset);
  await clock.advance(5000);
  await answer;
  expect(seen).toHaveLength(2);
});

test.each([
  ['credentials', new AppError('UPSTREAM_CREDENTIALS_REJECTED')],
  ['the egress address', new AppError('UPSTREAM_EGRESS_REJECTED')],
  ['a contact that is not there', new AppError('CONTACT_NOT_FOUND')],
  ['time that ran out', new AppError('UPSTREAM_TIMEOUT')],
  ['an open breaker', new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN' })],
  ['a fault of ours', new TypeError('x is undefined')],
])('%s would fail again, and is not tried again', async (_what, error) => {
  const { clock, fetch, seen } = start(error, 'ok');
  const answer = expect(fetch(INPUT, callOptions())).rejects.toBe(error);
  await clock.advance(5000);
  await answer;
  expect(seen).toHaveLength(1);
});

test('does not retry a refresh', async () => {
  const { clock, fetch, seen } = start(reset, 'ok');
  const answer = expect(fetch(INPUT, callOptions({ priority: 'refresh' }))).rejects.toBe(reset);
  await clock.advance(5000);
  await answer;
  expect(seen).toHaveLength(1);
});

describe('Retry-After of the upstream', () => {
  const busy = new AppError('UPSTREAM_UNAVAILABLE', { transient: true, retryAfterS: 2 });

  test('delays the retry if the deadline permits', async () => {
    const { clock, fetch, seen } = start(busy, 'ok');
    const answer = fetch(INPUT, callOptions());
    await clock.advance(1999);
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    await expect(answer).resolves.toBeDefined();
  });

  test('prevents the retry if the deadline does not permit the delay', async () => {
    const { fetch, seen } = start(busy, 'ok');
    await expect(fetch(INPUT, callOptions({ deadline: 2000 }))).rejects.toBe(busy);
    expect(seen).toHaveLength(1);
  });
});

test('does not retry if the caller leaves during the delay', async () => {
  const { clock, fetch, seen } = start(reset, 'ok');
  const caller = new AbortController();
  const gone = new AppError('CLIENT_GONE');
  const answer = expect(fetch(INPUT, callOptions({ signal: caller.signal }))).rejects.toBe(gone);
  await settled();
  caller.abort(gone);
  await answer;
  await clock.advance(5000);
  expect(seen).toHaveLength(1);
});

test('makes at most a fifth more calls to an upstream that is down', async () => {
  const { clock, fetch, seen } = start(...Array.from({ length: 500 }, () => 'ok' as const), reset);
  for (let count = 0; count < 500; count += 1) await fetch(INPUT, callOptions());
  const failing = Array.from({ length: 60 }, () => fetch(INPUT, callOptions()).catch(() => undefined));
  await clock.advance(5000);
  await Promise.all(failing);
  expect(seen.length - 500).toBeGreaterThan(60);
  expect(seen.length - 500).toBeLessThanOrEqual(75);
});

describe('an operation that is not idempotent', () => {
  test('is not retried if the failed attempt may have been sent', async () => {
    const { clock, write, seen } = start(reset, 'ok');
    const outcome = expect(write(INPUT, callOptions())).rejects.toBe(reset);
    await clock.advance(5000);
    await outcome;
    expect(seen).toHaveLength(1);
  });

  test('is retried if the failed attempt was certainly not sent', async () => {
    const refused = new AppError('UPSTREAM_UNAVAILABLE', { transient: true, notSent: true });
    const { clock, write, seen } = start(refused, 'ok');
    const outcome = write(INPUT, callOptions());
    await clock.advance(5000);
    await expect(outcome).resolves.toBe('ok');
    expect(seen).toHaveLength(2);
  });
});
