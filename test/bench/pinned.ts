import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Where the server under test runs, and where all that feeds it does. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';
export const BOTH_CORES = '0,1';

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Moves a process and all its threads; what it starts later stays there too. Does nothing without taskset. */
export function pin(pid: number, cores: string): void {
  if (canPin) execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

/** The command that starts another one on these cores, under the same process id. */
export function pinned(cores: string, command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', cores, ...command] : command;
}

/**
 * Microseconds that all threads of a process have run for, which other load on the machine disturbs far
 * less than it does a rate. Undefined where the kernel does not say (/proc/…/schedstat).
 */
export function cpuMicros(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    return nanoseconds / 1000;
  } catch {
    return undefined;
  }
}
