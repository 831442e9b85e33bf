import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTANTS } from './mutants.ts';
import { scheduleOf } from './schedule.ts';
import { run } from './simulate.ts';
import { runInThreads } from './threads.ts';

const SEEDS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'seeds.json'), 'utf8')) as Record<
  '1' | '2' | '4',
  number[]
>;
const failed = ([1, 2, 4] as const).flatMap((version) =>
  SEEDS[version].map((seed) => [seed, version] as const),
);
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

/** More than one, so that a change of the code that moves an event does not need another seed. */
const MUTANT_SCHEDULES = 400;

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  'finds the mutant: %s',
  async (_name, mutant) => {
    const share = { seed: mutant.seed, schedules: MUTANT_SCHEDULES, seconds: 60, mutant };
    expect((await runInThreads(share)).failures).not.toEqual([]);
  },
);
