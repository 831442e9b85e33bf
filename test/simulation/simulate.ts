import { scheduleOf, type Schedule } from './schedule.ts';
import { World } from './world.ts';

export interface Failure {
  readonly seed: number;
  readonly violation: string;
}

/**
 * Schedules that run side by side, so that one turn of the event loop wakes all of them. perf: 8 fit in the caches
 * of the processor; 64 take 1.3 times as long.
 */
const SIDE_BY_SIDE = 8;
/** Errors are many here, and their stacks are not read. */
Error.stackTraceLimit = 0;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs one schedule. Returns its world, whose checker has the violations. */
export async function run(schedule: Schedule, isTraced = false): Promise<World> {
  const world = new World(schedule, isTraced);
  while (world.step()) await turn();
  await turn();
  return world;
}

/**
 * Runs the schedules of consecutive seeds.
 *
 * @param options.most the number of failures after which it stops.
 */
export async function simulate(options: {
  readonly seed: number;
  readonly schedules: number;
  readonly most?: number;
  readonly until?: () => boolean;
}): Promise<{ ran: number; failures: Failure[] }> {
  const { seed, schedules, most = 1, until = () => false } = options;
  const failures: Failure[] = [];
  const running = new Set<readonly [number, World]>();
  let started = 0;
  let ran = 0;
  while (running.size > 0 || started < schedules) {
    while (running.size < SIDE_BY_SIDE && started < schedules && !until()) {
      const next = seed + started;
      running.add([next, new World(scheduleOf(next))]);
      started += 1;
    }
    if (running.size === 0) break;
    for (const one of running) {
      const [at, world] = one;
      if (world.step()) continue;
      running.delete(one);
      ran += 1;
      const [violation] = world.checker.violations;
      if (violation !== undefined) failures.push({ seed: at, violation });
    }
    if (failures.length >= most) break;
    await turn();
  }
  return { ran, failures };
}

/** Removes actions while the schedule still fails. Returns the shortest one that was found. */
export async function shrink(schedule: Schedule): Promise<Schedule> {
  let shortest = schedule;
  for (let size = Math.ceil(schedule.actions.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < shortest.actions.length;) {
      const actions = shortest.actions.toSpliced(from, size);
      const candidate = { ...shortest, actions };
      if ((await run(candidate)).checker.violations.length > 0) shortest = candidate;
      else from += size;
    }
  }
  return shortest;
}
