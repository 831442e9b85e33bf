import { readFileSync } from 'node:fs';
import path from 'node:path';
import { scheduleOf } from './schedule.ts';
import { run } from './simulate.ts';

const SEEDS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'seeds.json'), 'utf8')) as Record<
  '1' | '2',
  number[]
>;
const failed = ([1, 2] as const).flatMap((version) => SEEDS[version].map((seed) => [seed, version] as const));

test.each(failed)(
  'keeps the promises on the schedule of seed %i (%i), which failed before',
  async (...one) => {
    expect((await run(scheduleOf(...one))).checker.violations).toEqual([]);
  },
);
