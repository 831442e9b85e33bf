import { Bulkhead, type BulkheadOptions } from '../../../src/upstream/policies/bulkhead.ts';
import type { Priority } from '../../../src/upstream/operation.ts';
import { AppError } from '../../../src/errors.ts';
import { fakeClock, settled } from '../../support/fake-clock.ts';

function start(options: Partial<BulkheadOptions> = {}) {
  const clock = fakeClock();
  const budget = new Bulkhead({
    maxConcurrency: 2,
    maxPerSecond: undefined,
    maxQueue: 10,
    ...clock,
    ...options,
  });
  const begun: string[] = [];
  const refused: string[] = [];
  const releases = new Map<string, () => void>();
  const ask = (name: string, priority: Priority = 'caller', more: { signal?: AbortSignal } = {}) =>
    budget
      .acquire({ priority, waitMs: 1000, signal: more.signal ?? new AbortController().signal })
      .then((release) => {
        begun.push(name);
        releases.set(name, release);
      })
      .catch((error: unknown) => {
        refused.push(`${name} ${error instanceof AppError ? error.details.reason : String(error)}`);
      });
  return { clock, budget, begun, refused, ask, end: (name: string) => releases.get(name)?.() };
}

test('so many at a time, and the next when one has ended', async () => {
  const { begun, ask, end } = start();
  for (const name of ['a', 'b', 'c', 'd']) void ask(name);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('a place that is given back twice is one place', async () => {
  const { begun, ask, end } = start();
  for (const name of ['a', 'b', 'c', 'd']) void ask(name);
  await settled();
  end('a');
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('callers go first, then retries, then refreshes, each in the order in which they came', async () => {
  const { begun, ask, end } = start({ maxConcurrency: 1 });
  void ask('first');
  void ask('refresh 1', 'refresh');
  void ask('refresh 2', 'refresh');
  void ask('retry', 'retry');
  void ask('caller 1');
  void ask('caller 2');
  for (let count = 0; count < 6; count += 1) {
    await settled();
    end(begun.at(-1)!);
  }
  expect(begun).toEqual(['first', 'caller 1', 'caller 2', 'retry', 'refresh 1', 'refresh 2']);
});

test('a full queue refuses who has the least claim', async () => {
  const { begun, refused, ask, end } = start({ maxConcurrency: 1, maxQueue: 2 });
  void ask('a');
  void ask('refresh 1', 'refresh');
  void ask('refresh 2', 'refresh');
  void ask('b');
  await settled();
  expect(refused).toEqual(['refresh 2 QUEUE_FULL']);
  void ask('c');
  void ask('d');
  await settled();
  expect(refused).toEqual(['refresh 2 QUEUE_FULL', 'refresh 1 QUEUE_FULL', 'd QUEUE_FULL']);
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b']);
});

test('a call that waits too long is refused, and leaves the queue', async () => {
  const { clock, budget, refused, ask } = start({ maxConcurrency: 1 });
  void ask('a');
  void ask('b');
  await clock.advance(999);
  expect(refused).toEqual([]);
  await clock.advance(1);
  expect(refused).toEqual(['b QUEUE_TIMEOUT']);
  expect({ waiting: budget.waiting, active: budget.active }).toEqual({ waiting: 0, active: 1 });
});

test('who hangs up leaves the queue, and never takes a place', async () => {
  const { budget, begun, refused, ask, end } = start({ maxConcurrency: 1 });
  const caller = new AbortController();
  void ask('a');
  void ask('gone', 'caller', { signal: caller.signal });
  void ask('b');
  caller.abort(new AppError('CLIENT_GONE', { reason: 'left' }));
  await settled();
  expect(refused).toEqual(['gone left']);
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b']);
  void ask('late', 'caller', { signal: caller.signal });
  await settled();
  expect(refused).toEqual(['gone left', 'late left']);
  expect({ waiting: budget.waiting, active: budget.active }).toEqual({ waiting: 0, active: 1 });
});

test('a rate holds across priorities, and wakes up by itself', async () => {
  const { clock, begun, ask } = start({ maxConcurrency: 100, maxPerSecond: 10 });
  for (let count = 0; count < 5; count += 1) void ask('refresh', 'refresh');
  for (let count = 0; count < 5; count += 1) void ask('caller');
  await settled();
  expect(begun).toEqual(['refresh']);
  await clock.advance(500);
  expect(begun).toEqual(['refresh', 'caller', 'caller', 'caller', 'caller', 'caller']);
  await clock.advance(400);
  expect(begun).toHaveLength(10);
});

test('everybody who waits can be sent away at once', async () => {
  const { budget, refused, ask } = start({ maxConcurrency: 1 });
  void ask('a');
  void ask('b');
  void ask('c', 'refresh');
  budget.rejectQueued(() => new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN' }));
  await settled();
  expect(refused).toEqual(['b BREAKER_OPEN', 'c BREAKER_OPEN']);
});
