import { parentPort, workerData } from 'node:worker_threads';
import { applyMutant, type Mutant } from './mutants.ts';
import type { Failure } from './simulate.ts';

export interface Share {
  readonly seed: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly mutant: Mutant | undefined;
}

export interface Result {
  readonly ran: number;
  readonly failures: readonly Failure[];
}

/** Runs schedules of consecutive seeds in a thread, until one fails or the time is over. */
const { seed, schedules, seconds, mutant } = workerData as Share;
if (mutant) applyMutant(mutant);
// Imported now, so that a mutant is in effect.
const { simulate } = await import('./simulate.ts');
const endsAt = performance.now() + seconds * 1000;
const result: Result = await simulate({ seed, schedules, until: () => performance.now() > endsAt });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort!.postMessage(result);
