import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Cores of the server under test, and of the load generator and all other processes. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';
export const BOTH_CORES = '0,1';

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Pins a process, its threads and later children to cores. No-op without taskset. */
export function pin(pid: number, cores: string): void {
  if (canPin) execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

/** Returns the command, prefixed so that it runs on these cores under the same process id. */
export function pinned(cores: string, command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', cores, ...command] : command;
}

/**
 * Returns the CPU time of all threads of a process in microseconds, which is less sensitive to other load than
 * a rate. Undefined if the kernel does not provide it (/proc/…/schedstat).
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
