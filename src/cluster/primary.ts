import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { exitAtOnce } from '../exit.ts';
import { LAST_LINES_MS } from '../shutdown.ts';
import { onReload, onStop } from '../signals.ts';
import type { Log } from '../telemetry/log.ts';
import type { LogOutput } from '../telemetry/log-output.ts';
import { gatherAnswers } from './gather-answers.ts';
import { rescueConnections } from './hand-over.ts';

export interface PrimaryOptions {
  /** How many processes serve. */
  readonly processes: number;
  /** How long they may take to drain. */
  readonly shutdownGraceMs: number;
  /** What they are given beside this one's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly output: LogOutput;
}

const RESTART_FIRST_MS = 100;
const RESTART_MOST_MS = 10_000;
/** A process that has lived so long is not one that cannot start. */
const SETTLED_MS = 10_000;
/** Beyond the grace time: to let go of connections and to send the last traces. */
const END_MS = 2000;

/**
 * Runs several processes on the same ports (node:cluster), puts another in the place of one that dies, hands
 * signals on, and ends once all have. Serves nothing itself.
 */
export function runPrimary({ processes, shutdownGraceMs, env, log, output }: PrimaryOptions): void {
  const ready = new Set<Worker>();
  /** Workers that may have read their secrets before a SIGHUP that came while they started. */
  const hungUp = new Set<Worker>();
  let begun = false;
  const answers = gatherAnswers((worker) => {
    ready.add(worker);
    begun = true;
    if (hungUp.delete(worker)) worker.process.kill('SIGHUP');
  });
  const running = new Set<Worker>();
  let stopping: NodeJS.Signals | undefined;
  let exitCode = 0;
  let restartMs = RESTART_FIRST_MS;

  function start(): void {
    const worker = cluster.fork(env);
    const startedAt = performance.now();
    running.add(worker);
    answers.follow(worker);
    rescueConnections(worker, () => [...ready].some((other) => other !== worker && other.isConnected()));
    worker.on('error', () => {});
    worker.on('exit', (code, signal) => {
      running.delete(worker);
      ready.delete(worker);
      hungUp.delete(worker);
      if (performance.now() - startedAt > SETTLED_MS) restartMs = RESTART_FIRST_MS;
      // One that is told to stop before it can do so in order has stopped as it was told.
      ended(worker, code ?? (stopping && signal === stopping ? 0 : 1), signal);
    });
  }

  function ended(worker: Worker, code: number, signal: string | null): void {
    const { pid } = worker.process;
    if (stopping) {
      if (code !== 0) exitCode = 1;
    } else if (!begun) {
      // What keeps the first from starting keeps the next from it, too; it has told what.
      exitCode = code || 1;
      stop('SIGTERM');
    } else {
      log.error({ pid, exitCode: code, signal, restartMs }, 'a process has died: another takes its place');
      setTimeout(() => void (stopping || start()), restartMs);
      restartMs = Math.min(2 * restartMs, RESTART_MOST_MS);
    }
    if (stopping && running.size === 0) void end();
  }

  async function end(): Promise<void> {
    await output.flush(LAST_LINES_MS);
    exitAtOnce(exitCode);
  }

  function stop(signal: NodeJS.Signals): void {
    if (stopping) return;
    stopping = signal;
    if (running.size === 0) return void end();
    for (const worker of running) worker.process.kill(signal);
    setTimeout(() => {
      for (const worker of running) worker.process.kill('SIGKILL');
    }, shutdownGraceMs + END_MS);
  }

  onStop(stop);
  onReload(() => {
    for (const worker of running) {
      if (ready.has(worker)) worker.process.kill('SIGHUP');
      else hungUp.add(worker);
    }
  });
  for (let count = 0; count < processes; count += 1) start();
}

/** As good as a configured one for telling that lines of one subject belong together, until the next start. */
export function randomHashKey(): string {
  return randomBytes(32).toString('base64url');
}
