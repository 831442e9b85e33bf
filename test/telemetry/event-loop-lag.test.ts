import { SustainedLag } from '../../src/telemetry/event-loop-lag.ts';

function lagAfter(...samples: number[]): number {
  const lag = new SustainedLag();
  for (const sample of samples) lag.add(sample);
  return lag.lagMs();
}

test('a single late sample is not reported as lag', () => {
  expect(lagAfter(0, 0, 2000)).toBe(0);
  expect(lagAfter(5, 2000, 3)).toBe(3);
});

test('three late samples in a row are reported as lag', () => {
  expect(lagAfter(0, 300, 400, 500)).toBe(300);
});

test('the lag drops with the first sample that is on time', () => {
  expect(lagAfter(300, 400, 500, 2)).toBe(2);
});

test('the lag is 0 before the third sample', () => {
  expect(lagAfter(900, 900)).toBe(0);
});
