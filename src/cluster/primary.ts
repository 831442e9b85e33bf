import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { exitAtOnce } from '../process/exit.ts';
import { LAST_LINES_MS } from '../process/shutdown.ts';
import { onReload, onStop } from '../process/signals.ts';
import type { Log } from '../telemetry/log.ts';
import type { LogOutput } from '../telemetry/log-output.ts';
import { gatherResponses } from './gather-responses.ts';
import { rescueConnections } from './hand-over.ts';

export interface PrimaryOptions {
  /** Number of workers. */
  readonly processes: number;
  /** Time for the workers to drain. */
  readonly shutdownGraceMs: number;
  /** Variables for the workers in addition to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly output: LogOutput;
}

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;
/** A worker that has run for this time resets the restart delay. */
const SETTLED_MS = 10_000;
const NO_PROCESS =
  'the system cannot start another process: check its limits of memory, processes and descriptors';
/** Time in addition to the grace time, to close connections and to send the last traces. */
const END_MS = 2000;

/**
 * Runs several workers on the same ports (node:cluster). Replaces a worker that dies, forwards signals, and
 * exits when all workers have exited. Serves no requests itself.
 */
export function runPrimary({ processes, shutdownGraceMs, env, log, output }: PrimaryOptions): void {
  const ready = new Set<Worker>();
  /** Workers that may have read their secrets before a SIGHUP that came while they started. */
  const needsReload = new Set<Worker>();
  let started = false;
  const gatherer = gatherResponses((worker) => {
    ready.add(worker);
    started = true;
    if (needsReload.delete(worker)) worker.process.kill('SIGHUP');
  });
  const running = new Set<Worker>();
  let stopping: NodeJS.Signals | undefined;
  let exitCode = 0;
  let restartMs = RESTART_MIN_MS;

  function start(): void {
    if (stopping) return;
    const worker = fork(env, log);
    if (!worker) return onLost(1, { restartMs }, 'worker not started, trying again');
    const startedAt = performance.now();
    running.add(worker);
    gatherer.follow(worker);
    rescueConnections(worker, () => [...ready].some((other) => other !== worker && other.isConnected()));
    worker.on('exit', (code, signal) => {
      running.delete(worker);
      ready.delete(worker);
      needsReload.delete(worker);
      if (performance.now() - startedAt > SETTLED_MS) restartMs = RESTART_MIN_MS;
      // A worker that the stop signal kills before it handles signals has stopped as requested.
      onExit(worker, code ?? (stopping && signal === stopping ? 0 : 1), signal);
    });
  }

  function onExit(worker: Worker, code: number, signal: string | null): void {
    const { pid } = worker.process;
    onLost(code, { pid, exitCode: code, signal, restartMs }, 'worker died, restarting');
  }

  function onLost(code: number, details: object, message: string): void {
    if (stopping) {
      if (code !== 0) exitCode = 1;
    } else if (!started) {
      // A worker that cannot start has logged the reason, and a new one would fail in the same way.
      exitCode = code || 1;
      stop('SIGTERM');
    } else {
      log.error(details, message);
      setTimeout(start, restartMs);
      restartMs = Math.min(2 * restartMs, RESTART_MAX_MS);
    }
    if (stopping && running.size === 0) void exitPrimary();
  }

  async function exitPrimary(): Promise<void> {
    await output.flush(LAST_LINES_MS);
    exitAtOnce(exitCode);
  }

  function stop(signal: NodeJS.Signals): void {
    if (stopping) return;
    stopping = signal;
    if (running.size === 0) return void exitPrimary();
    for (const worker of running) worker.process.kill(signal);
    setTimeout(() => {
      for (const worker of running) worker.process.kill('SIGKILL');
    }, shutdownGraceMs + END_MS);
  }

  onStop(stop);
  onReload(() => {
    for (const worker of running) {
      if (ready.has(worker)) worker.process.kill('SIGHUP');
      else needsReload.add(worker);
    }
  });
  for (let count = 0; count < processes; count += 1) start();
}

/** Returns undefined, and logs the reason, if the system cannot start another process. */
function fork(env: PrimaryOptions['env'], log: Log): Worker | undefined {
  try {
    const worker = cluster.fork(env);
    worker.on('error', () => {});
    // Node reports some errors by an event that comes later, and then no exit.
    if (worker.process.pid !== undefined) return worker;
    worker.once('error', (error: NodeJS.ErrnoException) => log.error({ code: error.code }, NO_PROCESS));
  } catch (error) {
    log.error({ code: (error as NodeJS.ErrnoException).code }, NO_PROCESS);
  }
  return undefined;
}

/** Creates a random LOG_HASH_KEY for all workers, so that they log the same hash of a subject until a restart. */
export function randomHashKey(): string {
  return randomBytes(32).toString('base64url');
}
