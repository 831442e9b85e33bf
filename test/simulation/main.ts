import { parseArgs } from 'node:util';
import { applyMutant, MUTANTS } from './mutants.ts';

/**
 * `npm run simulate -- --seed 1 --schedules 100000` runs schedules until one fails. Prints the shortest form of
 * the failing one, with its events, and exits with 1. With `--schedules 1` it replays one seed. `--mutant` runs a
 * broken protocol, which has to fail.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '20000' },
    json: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
});
const [seed, schedules] = [Number(values.seed), Number(values.schedules)];
if (values.mutant !== undefined) {
  const mutant = MUTANTS.find(({ name }) => name === values.mutant);
  if (!mutant) throw new Error(`mutants: ${MUTANTS.map(({ name }) => name).join(', ')}`);
  applyMutant(mutant);
}
// Imported now, so that a mutant is in effect.
const { scheduleOf } = await import('./schedule.ts');
const { run, shrink, simulate } = await import('./simulate.ts');
const begun = performance.now();
const { ran, failures } = await simulate({ seed, schedules });
const seconds = (performance.now() - begun) / 1000;
const [failure] = failures;
if (values.json) {
  console.log(JSON.stringify({ ran, seconds, failure }));
} else {
  console.log(`${ran} schedules from seed ${seed} in ${seconds.toFixed(1)} s: ${failures.length} failures`);
  if (failure) {
    const shortest = await shrink(scheduleOf(failure.seed));
    const world = await run(shortest, true);
    const { actions: _actions, ...rest } = shortest;
    console.log(`seed ${failure.seed}: ${JSON.stringify(rest)}`);
    console.log(world.trace.join('\n'));
    console.log(world.checker.violations.join('\n'));
  }
}
process.exitCode = failure ? 1 : 0;
