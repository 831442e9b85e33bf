import { AppError } from '../../../src/errors.ts';
import { wrap, type UpstreamCall } from '../../../src/upstream/operation.ts';
import { CircuitBreaker, circuitBreaker } from '../../../src/upstream/policies/circuit-breaker.ts';
import { failFast } from '../../../src/upstream/policies/fail-fast.ts';
import { INPUT, callOptions, callThrough, scripted } from './attempts.ts';

const OPEN_AFTER_ONE = {
  window: 1,
  minFailures: 1,
  timeoutWeight: 1,
  failureRate: 1,
  openMs: 5000,
  maxOpenMs: 5000,
};

function start(...script: (Error | 'ok')[]) {
  let now = 0;
  const { attempt, seen } = scripted(...script);
  const breaker = new CircuitBreaker({
    ...OPEN_AFTER_ONE,
    now: () => now,
    onOpen: () => undefined,
    onClose: () => undefined,
  });
  const slow: UpstreamCall = (operation, input, options) => {
    now += 1000;
    return attempt(operation, input, options);
  };
  const settings = { minimumAttemptMs: 2500, now: () => now };
  const fetch = callThrough(wrap(failFast(breaker), circuitBreaker(breaker, settings)), slow);
  return { fetch, seen, opened: () => breaker.refusesForMs > 0, pass: (ms: number) => void (now += ms) };
}

test.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_BAD_RESPONSE'] as const)(
  '%s is a failure, and from then on calls are refused with a time to come back',
  async (code) => {
    const { fetch, seen, opened } = start(new AppError(code));
    await expect(fetch(INPUT, callOptions())).rejects.toMatchObject({ code });
    expect(opened()).toBe(true);
    await expect(fetch(INPUT, callOptions())).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      details: { reason: 'BREAKER_OPEN', retryAfterS: 5 },
    });
    expect(seen).toHaveLength(1);
  },
);

test.each([
  new AppError('CONTACT_NOT_FOUND'),
  new AppError('UPSTREAM_CREDENTIALS_REJECTED'),
  new AppError('UPSTREAM_EGRESS_REJECTED'),
  new TypeError('a fault of ours'),
])('%s is none', async (error) => {
  const { fetch, opened } = start(error);
  await expect(fetch(INPUT, callOptions())).rejects.toBe(error);
  expect(opened()).toBe(false);
});

test('does not count a call whose caller has left', async () => {
  const { fetch, opened } = start(new AppError('UPSTREAM_UNAVAILABLE'));
  const caller = new AbortController();
  caller.abort(new AppError('CLIENT_GONE'));
  await expect(fetch(INPUT, callOptions({ signal: caller.signal }))).rejects.toBeDefined();
  expect(opened()).toBe(false);
});

test('does not count a call that began too late to be answered', async () => {
  const { fetch, opened, pass } = start(new AppError('UPSTREAM_TIMEOUT'));
  pass(4000);
  await expect(fetch(INPUT, callOptions({ deadline: 5000 }))).rejects.toBeDefined();
  expect(opened()).toBe(false);
});
