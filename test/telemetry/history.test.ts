import { History } from '../../src/telemetry/history.ts';
import { between, quantile, totalsOf } from '../../src/telemetry/totals.ts';
import { newMetrics } from '../support/metrics.ts';

function newHistory() {
  const metrics = newMetrics();
  let time = 0;
  let reachable = true;
  const samples = () => (reachable ? metrics.samples() : Promise.reject(new Error('a worker is missing')));
  const history = new History({ samples, time: () => time });
  return {
    metrics,
    history,
    /** Takes a sample at this time. */
    sampleAt: async (seconds: number, works = true): Promise<void> => {
      time = seconds;
      reachable = works;
      await history.sample();
    },
  };
}

test('keeps the intervals of the last ten minutes, oldest first', async () => {
  const { metrics, history, sampleAt } = newHistory();
  for (let sample = 0; sample <= 200; sample += 1) {
    await sampleAt(sample * 5);
    metrics.request('/contacts/:id', 'GET', 200, 0.1);
  }
  const intervals = history.intervals();
  expect(intervals).toHaveLength(120);
  expect([intervals[0]!.time, intervals.at(-1)!.time]).toEqual([405, 1000]);
  expect(intervals.every(({ requests, seconds }) => requests === 1 && seconds === 5)).toBe(true);
});

test('counts the first requests of the process', async () => {
  const { metrics, history, sampleAt } = newHistory();
  await sampleAt(0);
  metrics.request('/contacts', 'GET', 503, 3);
  metrics.request('/healthz', 'GET', 200, 0.001);
  metrics.upstreamCall('retry', 'UPSTREAM_TIMEOUT', 4);
  metrics.upstreamCall('caller', 'CONTACT_NOT_FOUND', 0.1);
  metrics.upstreamCallWithheld('QUEUE_FULL');
  await sampleAt(5);
  const [interval] = history.intervals();
  expect(interval).toMatchObject({ requests: 1, failures: 1, calls: 2, callFailures: 1, withheld: 1 });
  expect(interval!.median).toBeGreaterThan(2.5);
});

test('leaves out a sample without one of the workers', async () => {
  const { history, sampleAt } = newHistory();
  await sampleAt(0);
  await sampleAt(5, false);
  await sampleAt(10);
  expect(history.intervals().map(({ seconds }) => seconds)).toEqual([10]);
});

test('finds the oldest sample of a period', async () => {
  const { history, metrics, sampleAt } = newHistory();
  for (let sample = 0; sample <= 30; sample += 1) await sampleAt(sample * 5);
  const last = totalsOf(await metrics.samples(), 152);
  expect(history.before(last, 60).time).toBe(95);
  expect(history.before(last, 600).time).toBe(0);
  expect(newHistory().history.before(last, 60)).toBe(last);
});

test('counts nothing if the counters of a worker began again', async () => {
  const busy = newMetrics();
  for (let count = 0; count < 9; count += 1) busy.request('/contacts', 'GET', 200, 0.1);
  const before = totalsOf(await busy.samples(), 0);
  const after = totalsOf(await newMetrics().samples(), 5);
  expect(between(before, after)).toMatchObject({ requests: 0, median: null, p95: null });
});

test.each([
  ['nothing was measured', new Map([[1, 0]]), 0.5, null],
  [
    'half are below the first bound',
    new Map([
      [1, 5],
      [2, 10],
    ]),
    0.5,
    1,
  ],
  [
    'the rank is within a bucket',
    new Map([
      [1, 0],
      [3, 10],
    ]),
    0.5,
    2,
  ],
  [
    'the rank is above all bounds',
    new Map([
      [1, 0],
      [Infinity, 10],
    ]),
    0.5,
    1,
  ],
] as const)('interpolates a quantile if %s', (_case, buckets, share, expected) => {
  expect(quantile(buckets, share)).toBe(expected);
});
