import cluster from 'node:cluster';
import { exitAtOnce } from './exit.ts';
import { onStop } from './signals.ts';
import type { Health } from '../telemetry/health.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { LogOutput } from '../telemetry/log-output.ts';

/** Time to write the last log lines. If the reader of the log is stuck, the exit is delayed by this. */
export const LAST_LINES_MS = 300;

export interface ShutdownOptions {
  /** Finishes open work and closes. Takes a bounded time. */
  readonly drain: () => Promise<{ readonly cutOff: number }>;
  readonly health: Health;
  readonly log: Log;
  readonly output: LogOutput;
}

/**
 * Drains and exits on SIGTERM and SIGINT, and with exit code 1 on an unhandled error. Later signals change
 * nothing: npm passes on signals that the process group has already received.
 */
export function drainOnStop({ drain, health, log, output }: ShutdownOptions): void {
  let exitCode = 0;
  async function stop(): Promise<void> {
    if (health.draining) return;
    health.enter('draining');
    try {
      log.info(await drain(), 'stopped');
    } catch (error) {
      log.fatal({ error: describeError(error) }, 'graceful shutdown failed');
      exitCode = 1;
    }
    await output.flush(LAST_LINES_MS);
    exitAtOnce(exitCode);
  }
  onStop((signal) => {
    if (!health.draining) log.info({ signal }, 'draining');
    void stop();
  });
  // Otherwise Node exits a worker at once when its primary is gone, with requests in flight.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.on('disconnect', () => {
    log.error('primary process is gone, shutting down');
    void stop();
  });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      exitCode = 1;
      log.fatal({ event, error: describeError(error) }, 'unhandled error, shutting down');
      void stop();
    });
  }
}
