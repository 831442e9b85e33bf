import { parseArgs } from 'node:util';
import { applyMutant, MUTANTS } from './mutants.ts';
import { runInThreads } from './threads.ts';

/**
 * `npm run simulate -- --seed 1 --schedules 100000` runs schedules on all cores until one fails, or for
 * `--seconds`. Prints the shortest form of the failing one, with its events, and exits with 1. With
 * `--schedules 1` it replays one seed. `--mutant` runs a broken protocol, which has to fail.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '86400' },
    json: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
});
const [seed, schedules, seconds] = [Number(values.seed), Number(values.schedules), Number(values.seconds)];
const mutant = MUTANTS.find(({ name }) => name === values.mutant);
if (values.mutant !== undefined && !mutant)
  throw new Error(`mutants: ${MUTANTS.map(({ name }) => name).join(', ')}`);

const begun = performance.now();
const { ran, failures } = await runInThreads({ seed, schedules, seconds, mutant });
const elapsedS = (performance.now() - begun) / 1000;
const [failure] = failures;
if (values.json) {
  console.log(JSON.stringify({ ran, seconds: elapsedS, failure }));
} else {
  console.log(`${ran} schedules from seed ${seed} in ${elapsedS.toFixed(1)} s: ${failures.length} failures`);
  if (failure) {
    if (mutant) applyMutant(mutant);
    // Imported now, so that the mutant is in effect.
    const { scheduleOf } = await import('./schedule.ts');
    const { run, shrink } = await import('./simulate.ts');
    const shortest = await shrink(scheduleOf(failure.seed));
    const world = await run(shortest, true);
    const { actions: _actions, ...rest } = shortest;
    console.log(`seed ${failure.seed}: ${JSON.stringify(rest)}`);
    console.log(world.trace.join('\n'));
    console.log(world.checker.violations.join('\n'));
  }
}
process.exitCode = failure ? 1 : 0;
