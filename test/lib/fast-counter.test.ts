import { Histogram, Registry } from 'prom-client';
import { FastHistogram, FastCounter } from '../../src/lib/fast-counter.ts';

test('counts each set of labels by itself, whatever the order', () => {
  const tally = new FastCounter(3);
  tally.add('a', 'b', 200);
  tally.add('a', 'c', 200);
  tally.add('a', 'b', 200);
  tally.add('b', 'a', 404);
  expect(tally.series).toEqual([
    { labels: ['a', 'b', 200], count: 2 },
    { labels: ['a', 'c', 200], count: 1 },
    { labels: ['b', 'a', 404], count: 1 },
  ]);
});

test('without labels shows from the start', () => {
  const tally = new FastCounter(0);
  expect(tally.series).toEqual([{ labels: [], count: 0 }]);
  tally.add();
  expect(tally.series).toEqual([{ labels: [], count: 1 }]);
});

test('a label that could be anything fills no memory', () => {
  const tally = new FastCounter(1);
  for (let index = 0; index < 5000; index += 1) tally.add(`code-${index}`);
  expect(tally.series).toHaveLength(1000);
  tally.add('code-7');
  expect(tally.series[7]).toEqual({ labels: ['code-7'], count: 2 });
});

test('durations are written as prom-client writes its own histograms', async () => {
  const bounds = [0.005, 0.1, 1];
  const [ours, theirs] = [new Registry(), new Registry()];
  const durations = new FastHistogram('seconds', 'Help', 'route', bounds);
  ours.registerMetric(durations as unknown as Histogram);
  const histogram = new Histogram({
    name: 'seconds',
    help: 'Help',
    labelNames: ['route'],
    buckets: bounds,
    registers: [theirs],
  });
  for (const [route, seconds] of [
    ['/a', 0.005],
    ['/a', 0.0051],
    ['/b', 3],
    ['/a', 1],
    ['/b', 0],
  ] as const) {
    durations.observe(route, seconds);
    histogram.labels(route).observe(seconds);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
