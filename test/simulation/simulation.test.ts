import { readFileSync } from 'node:fs';
import path from 'node:path';
import { scheduleOf } from './schedule.ts';
import { run } from './simulate.ts';
import { runInThreads } from './threads.ts';

const SEEDS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'seeds.json'), 'utf8')) as Record<
  '1' | '2',
  number[]
>;
const failed = ([1, 2] as const).flatMap((version) => SEEDS[version].map((seed) => [seed, version] as const));
/** `npm run simulate` runs as many as wanted, from any seed. */
const NEW_SCHEDULES = { seed: Date.now() % 2 ** 31, schedules: 20_000, seconds: 20 };

test.each(failed)(
  'keeps the promises on the schedule of seed %i (%i), which failed before',
  async (...one) => {
    expect((await run(scheduleOf(...one))).checker.violations).toEqual([]);
  },
);

test('keeps the promises on new schedules', async () => {
  const { ran, failures } = await runInThreads({ ...NEW_SCHEDULES, mutant: undefined });
  expect(failures).toEqual([]);
  expect(ran).toBeGreaterThan(0);
});
