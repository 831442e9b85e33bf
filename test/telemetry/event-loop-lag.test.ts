import { LastingLag } from '../../src/telemetry/event-loop-lag.ts';

function after(...samples: number[]): number {
  const lag = new LastingLag();
  for (const sample of samples) lag.add(sample);
  return lag.lagMs();
}

test('one long pause is none', () => {
  expect(after(0, 0, 2000)).toBe(0);
  expect(after(5, 2000, 3)).toBe(3);
});

test('lateness that lasts is', () => {
  expect(after(0, 300, 400, 500)).toBe(300);
});

test('one sample in time ends it', () => {
  expect(after(300, 400, 500, 2)).toBe(2);
});

test('nothing is known at first', () => {
  expect(after(900, 900)).toBe(0);
});
