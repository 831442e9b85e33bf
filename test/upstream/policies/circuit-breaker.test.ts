import { AppError, type ErrorCode } from '../../../src/errors.ts';
import {
  CircuitBreaker,
  circuitBreaker,
  type CircuitBreakerSettings,
  type Outcome,
} from '../../../src/upstream/policies/circuit-breaker.ts';
import { INPUT, callOptions, callThrough, scripted } from './attempts.ts';

const SETTINGS = {
  window: 20,
  minFailures: 10,
  timeoutWeight: 4,
  failureRate: 0.8,
  openMs: 5000,
  maxOpenMs: 15_000,
};

function start(settings: Partial<CircuitBreakerSettings> = {}) {
  let now = 0;
  const changes: string[] = [];
  const breaker = new CircuitBreaker({
    ...SETTINGS,
    ...settings,
    now: () => now,
    onOpen: (failed, of) => changes.push(`open ${failed}/${of}`),
    onClose: () => changes.push('close'),
  });
  const call = (outcome: Outcome, times = 1) => {
    for (let count = 0; count < times; count += 1) breaker.tryAcquire()?.(outcome);
  };
  return { breaker, changes, call, pass: (ms: number) => void (now += ms) };
}

test('stays closed after a few failures', () => {
  const { breaker, call } = start();
  call('failure', 9);
  expect(breaker.refusesForMs).toBe(0);
});

test('opens when most of the last calls have failed', () => {
  const { breaker, changes, call } = start();
  call('failure', 10);
  expect(breaker.refusesForMs).toBe(5000);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(changes).toEqual(['open 10/10']);
});

test('stays closed while the upstream answers one call in three', () => {
  const { breaker, call } = start();
  for (let count = 0; count < 50; count += 1) {
    call('failure', 2);
    call('success');
  }
  expect(breaker.refusesForMs).toBe(0);
});

test('counts the latest call alone with a window of 1', () => {
  const { breaker, changes, call } = start({ window: 1, minFailures: 4 });
  call('success', 3);
  call('failure', 100);
  expect(breaker.isOpen).toBe(false);
  call('timeout');
  expect(changes).toEqual(['open 1/1']);
});

test('forgets earlier successes within the window', () => {
  const { breaker, call } = start();
  call('success', 1000);
  call('failure', 15);
  expect(breaker.refusesForMs).toBe(0);
  call('failure');
  expect(breaker.refusesForMs).toBe(5000);
});

test.each(['answered', 'none'] as const)('does not count a call with the outcome %s', (outcome) => {
  const { breaker, call } = start();
  call(outcome, 100);
  call('failure', 9);
  call(outcome, 100);
  expect(breaker.refusesForMs).toBe(0);
  call('failure');
  expect(breaker.refusesForMs).toBe(5000);
});

test('weighs timeouts more than quick failures', () => {
  const { changes, call } = start();
  call('timeout', 2);
  expect(changes).toEqual([]);
  call('timeout');
  expect(changes).toEqual(['open 3/3']);
});

test('weighs timeouts more after many successes, too', () => {
  const { breaker, call } = start();
  call('success', 1000);
  call('timeout', 9);
  expect(breaker.refusesForMs).toBe(0);
  call('timeout');
  expect(breaker.refusesForMs).toBe(5000);
});

describe('an open circuit breaker', () => {
  test('lets one probe through at a time', () => {
    const { breaker, call, pass } = start();
    call('failure', 10);
    pass(4999);
    expect(breaker.tryAcquire()).toBeUndefined();
    pass(1);
    const judge = breaker.tryAcquire();
    expect(judge).toBeDefined();
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.refusesForMs).toBeGreaterThan(0);
  });

  test.each(['success', 'answered'] as const)('closes when a probe has the outcome %s', (outcome) => {
    const { breaker, changes, call, pass } = start();
    call('failure', 10);
    pass(5000);
    call(outcome);
    expect(breaker.refusesForMs).toBe(0);
    expect(changes).toEqual(['open 10/10', 'close']);
    call('failure', 9);
    expect(breaker.refusesForMs).toBe(0);
  });

  test('doubles the pause after each failed probe, up to a bound, and reports no change', () => {
    const { breaker, changes, call, pass } = start();
    call('failure', 10);
    const pauses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      pass(breaker.refusesForMs);
      call('failure');
      pauses.push(breaker.refusesForMs);
    }
    expect(pauses).toEqual([10_000, 15_000, 15_000, 15_000]);
    expect(changes).toEqual(['open 10/10']);
  });

  test('lets the next probe through when the caller of one has left', () => {
    const { breaker, call, pass } = start();
    call('failure', 10);
    pass(5000);
    call('none');
    expect(breaker.tryAcquire()).toBeDefined();
  });

  test('does not count calls that began before it opened', () => {
    const { breaker, changes, call } = start();
    const late = Array.from({ length: 30 }, () => breaker.tryAcquire());
    call('failure', 10);
    for (const judge of late) judge?.('failure');
    for (const judge of late) judge?.('success');
    expect(breaker.refusesForMs).toBe(5000);
    expect(changes).toEqual(['open 10/10']);
  });
});

/** Makes calls that fail with this code. */
async function callsWith(code: ErrorCode, times: number) {
  const { breaker, call, pass } = start();
  const policy = circuitBreaker(breaker, { minimumAttemptMs: 0, now: () => 0 });
  const attempt = callThrough(policy, scripted(new AppError(code)).attempt);
  for (let count = 0; count < times; count += 1) await attempt(INPUT, callOptions()).catch(() => {});
  return { breaker, call, pass, attempt };
}

describe('errors of calls', () => {
  test.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_BAD_RESPONSE', 'UPSTREAM_TIMEOUT'] as const)(
    '%s counts as a failure',
    async (code) => {
      expect((await callsWith(code, 10)).breaker.isOpen).toBe(true);
    },
  );

  const REFUSALS = [
    'CONTACT_NOT_FOUND',
    'CONTACT_EXISTS',
    'NOT_CONTACT_OWNER',
    'UPSTREAM_REFUSED',
    'UPSTREAM_CREDENTIALS_REJECTED',
    'UPSTREAM_EGRESS_REJECTED',
  ] as const;

  test.each(REFUSALS)('%s does not count as a failure', async (code) => {
    expect((await callsWith(code, 100)).breaker.isOpen).toBe(false);
  });

  test.each(REFUSALS)('%s closes an open circuit breaker', async (code) => {
    const { breaker, call, pass, attempt } = await callsWith(code, 0);
    call('failure', 10);
    expect(breaker.isOpen).toBe(true);
    pass(5000);
    await attempt(INPUT, callOptions()).catch(() => {});
    expect(breaker.isOpen).toBe(false);
  });
});
