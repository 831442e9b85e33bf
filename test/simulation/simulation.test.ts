import { readFileSync } from 'node:fs';
import path from 'node:path';
import { scheduleOf } from './schedule.ts';
import { run } from './simulate.ts';

const SEEDS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'seeds.json'), 'utf8')) as number[];

test.each(SEEDS)('keeps the promises on the schedule of seed %i, which failed before', async (seed) => {
  expect((await run(scheduleOf(seed))).checker.violations).toEqual([]);
});
