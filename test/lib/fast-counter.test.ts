import { Histogram, Registry } from 'prom-client';
import { FastHistogram, FastCounter } from '../../src/lib/fast-counter.ts';

test('counts each set of labels separately', () => {
  const counter = new FastCounter(3);
  counter.add('a', 'b', 200);
  counter.add('a', 'c', 200);
  counter.add('a', 'b', 200);
  counter.add('b', 'a', 404);
  expect(counter.series).toEqual([
    { labels: ['a', 'b', 200], count: 2 },
    { labels: ['a', 'c', 200], count: 1 },
    { labels: ['b', 'a', 404], count: 1 },
  ]);
});

test('exposes a series without labels from the start', () => {
  const counter = new FastCounter(0);
  expect(counter.series).toEqual([{ labels: [], count: 0 }]);
  counter.add();
  expect(counter.series).toEqual([{ labels: [], count: 1 }]);
});

test('begins a declared series with 0', () => {
  const counter = new FastCounter(2);
  counter.declare('a', 'b');
  expect(counter.series).toEqual([{ labels: ['a', 'b'], count: 0 }]);
  counter.add('a', 'b');
  expect(counter.series).toEqual([{ labels: ['a', 'b'], count: 1 }]);
});

test('begins the series of a declared label of a histogram with 0', async () => {
  const histogram = new FastHistogram('seconds', 'Help', 'route', [1]);
  histogram.declare('/');
  const { values } = await histogram.get();
  expect(values.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  histogram.observe('/', 0.5);
  expect((await histogram.get()).values.map(({ value }) => value)).toEqual([1, 1, 0.5, 1]);
});

test('bounds the number of series', () => {
  const counter = new FastCounter(1);
  for (let index = 0; index < 5000; index += 1) counter.add(`code-${index}`);
  expect(counter.series).toHaveLength(1000);
  counter.add('code-7');
  expect(counter.series[7]).toEqual({ labels: ['code-7'], count: 2 });
});

test('exposes a histogram exactly as prom-client does', async () => {
  const bounds = [0.005, 0.1, 1];
  const [ours, theirs] = [new Registry(), new Registry()];
  const fastHistogram = new FastHistogram('seconds', 'Help', 'route', bounds);
  ours.registerMetric(fastHistogram as unknown as Histogram);
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
    fastHistogram.observe(route, seconds);
    histogram.labels(route).observe(seconds);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
