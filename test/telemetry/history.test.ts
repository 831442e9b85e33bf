import { History, type HistoryRecord } from '../../src/telemetry/history.ts';
import { intervalOf, quantile } from '../../src/telemetry/interval.ts';
import { totalsOf } from '../../src/telemetry/totals.ts';
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
  metrics.upstreamCall({
    operation: 'fetchContact',
    purpose: 'retry',
    outcome: 'UPSTREAM_TIMEOUT',
    seconds: 4,
  });
  metrics.upstreamCall({
    operation: 'addNote',
    purpose: 'caller',
    outcome: 'CONTACT_NOT_FOUND',
    seconds: 0.1,
  });
  metrics.upstreamCallWithheld('QUEUE_FULL');
  await sampleAt(5);
  const [interval] = history.intervals();
  expect(interval).toMatchObject({ requests: 1, failures: 1, calls: 2, callFailures: 1, withheld: 1 });
  expect(interval!.median).toBeGreaterThan(2);
});

test('leaves out a sample without one of the workers', async () => {
  const { history, sampleAt } = newHistory();
  await sampleAt(0);
  await sampleAt(5, false);
  await sampleAt(10);
  expect(history.intervals().map(({ seconds }) => seconds)).toEqual([10]);
});

test('sums the events of a period, those after the last sample included', async () => {
  const { history, metrics, sampleAt } = newHistory();
  for (let sample = 0; sample <= 30; sample += 1) {
    await sampleAt(sample * 5);
    metrics.request('/contacts', 'GET', 200, 0.1);
  }
  const totals = totalsOf(await metrics.samples(), 152);
  expect(history.since(totals, 60)).toMatchObject({ from: 95, to: 152, requests: 12 });
  expect(history.since(totals, 600)).toMatchObject({ from: 0, to: 152, requests: 31 });
  expect(intervalOf(history.since(totals, 60)).median).toBeCloseTo(0.075);
  expect(newHistory().history.since(totals, 60)).toMatchObject({ from: 152, to: 152, requests: 0 });
});

test('loses the events of one sample only if a counter falls', async () => {
  let requests = 0;
  let time = 0;
  const samples = async () => ({
    http_requests_total: [{ labels: { route: '/contacts', status: '503' }, value: requests }],
  });
  const history = new History({ samples, time: () => time });
  for (const [at, value] of [1000, 1010, 5, 15].entries()) {
    [time, requests] = [at * 5, value];
    await history.sample();
  }
  const totals = totalsOf(await samples(), 15);
  expect(history.since(totals, 60)).toMatchObject({ requests: 20, failures: 20 });
});

/** Returns a record as another process receives it. */
const sent = (record: HistoryRecord) => JSON.parse(JSON.stringify(record)) as HistoryRecord;

test('continues the longest history of the other workers, by its own clock', async () => {
  const { history: older, metrics, sampleAt } = newHistory();
  for (let sample = 0; sample <= 10; sample += 1) {
    await sampleAt(1000 + sample * 5);
    metrics.request('/contacts', 'GET', 503, 0.1);
  }
  const history = new History({
    samples: metrics.samples,
    time: () => 3,
    others: async () => [sent(newHistory().history.record()), sent(older.record())],
  });
  await history.start();
  history.stop();
  const last = totalsOf(await metrics.samples(), 3);
  expect(history.since(last, 600)).toMatchObject({ from: -47, to: 3, requests: 11, failures: 11 });
  expect(history.intervals()).toHaveLength(11);
  expect(intervalOf(history.since(last, 600)).p95).toBeCloseTo(0.0975);
});

test.each([
  ['nothing was measured', { 1: 0 }, 0.5, null],
  ['half are below the first bound', { 1: 5, 2: 10 }, 0.5, 1],
  ['the rank is within a bucket', { 1: 0, 3: 10 }, 0.5, 2],
  ['the rank is above all bounds', { 1: 0, Infinity: 10 }, 0.5, 1],
] as const)('interpolates a quantile if %s', (_case, buckets, share, expected) => {
  expect(quantile(buckets, share)).toBe(expected);
});
