import { MAX_PAST } from '../../src/telemetry/health.ts';
import { mergeHealth, type WorkerHealth } from '../../src/telemetry/merge-health.ts';

const second = (count: number) => `2026-01-01T00:00:${String(count).padStart(2, '0')}.000Z`;
const fault = (component: string, since: number) => ({ component, detail: 'broken', since: second(since) });
const past = (component: string, since: number, until: number) => ({
  ...fault(component, since),
  until: second(until),
});
const worker = (change: Partial<WorkerHealth>): WorkerHealth => ({
  status: 'ready',
  reasons: [],
  past: [],
  uptimeS: 1,
  ...change,
});

test('lists a fault of another worker, and the instance is degraded', () => {
  const other = worker({ status: 'degraded', reasons: [fault('redis', 3)], uptimeS: 70 });
  expect(mergeHealth(worker({}), [worker({}), other])).toEqual({
    status: 'degraded',
    reasons: [fault('redis', 3)],
    past: [],
    uptimeS: 70,
  });
});

test('lists a fault that several workers have once, with its first start', () => {
  const all = [4, 2, 3].map((since) => worker({ reasons: [fault('redis', since), fault('jwks', 9)] }));
  expect(mergeHealth(all[0]!, all).reasons).toEqual([fault('redis', 2), fault('jwks', 9)]);
});

test('joins past faults of several workers that overlap, and lists the newest first', () => {
  const all = [
    worker({ past: [past('redis', 20, 21), past('redis', 1, 5)] }),
    worker({ past: [past('redis', 4, 7)] }),
    worker({ past: [past('jwks', 2, 3)] }),
  ];
  expect(mergeHealth(all[0]!, all).past).toEqual([
    past('redis', 20, 21),
    past('redis', 1, 7),
    past('jwks', 2, 3),
  ]);
});

test('bounds the number of past faults', () => {
  const all = [0, 1].map((number) =>
    worker({ past: Array.from({ length: MAX_PAST }, (_, at) => past(`part ${number}.${at}`, at, at)) }),
  );
  expect(mergeHealth(all[0]!, all).past).toHaveLength(MAX_PAST);
});

test.each(['starting', 'draining'] as const)(
  'a worker that is %s reports that, with all faults',
  (status) => {
    const own = worker({ status });
    const all = [own, worker({ reasons: [fault('redis', 1)] })];
    expect(mergeHealth(own, all)).toMatchObject({ status, reasons: [fault('redis', 1)] });
  },
);
