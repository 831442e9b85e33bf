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

test('makes at most maxConcurrency calls at a time, and starts the next when one has ended', async () => {
  const { begun, ask, end } = start();
  for (const name of ['a', 'b', 'c', 'd']) void ask(name);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('releasing a turn twice starts one call', async () => {
  const { begun, ask, end } = start();
  for (const name of ['a', 'b', 'c', 'd']) void ask(name);
  await settled();
  end('a');
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('starts callers before retries and refreshes, each in the order of arrival', async () => {
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

test('rejects the newest call of the lowest priority when the queue is full', async () => {
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

test('rejects a call that waits too long, and removes it from the queue', async () => {
  const { clock, budget, refused, ask } = start({ maxConcurrency: 1 });
  void ask('a');
  void ask('b');
  await clock.advance(999);
  expect(refused).toEqual([]);
  await clock.advance(1);
  expect(refused).toEqual(['b QUEUE_TIMEOUT']);
  expect({ waiting: budget.waiting, active: budget.active }).toEqual({ waiting: 0, active: 1 });
});

test('removes an aborted call from the queue, and never starts it', async () => {
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

test('limits the rate of all priorities together, and starts delayed calls by a timer', async () => {
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

test('rejects all waiting calls at once', async () => {
  const { budget, refused, ask } = start({ maxConcurrency: 1 });
  void ask('a');
  void ask('b');
  void ask('c', 'refresh');
  budget.rejectQueued(() => new AppError('UPSTREAM_UNAVAILABLE', { reason: 'BREAKER_OPEN' }));
  await settled();
  expect(refused).toEqual(['b BREAKER_OPEN', 'c BREAKER_OPEN']);
});
