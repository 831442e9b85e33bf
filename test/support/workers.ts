import type { Status } from '../../src/telemetry/status.ts';
import { isRunning, parsedLines, type Environment } from './child.ts';
import { startRedis } from './redis/redis-server.ts';
import { waitFor } from './wait-for.ts';
import { startWorld } from './world.ts';

/** The limit of the tier `few`. */
export const LIMIT = 100;
export const PROCESSES = 3;

/** A program with several workers, its sandbox and its Redis. */
export type Workers = Awaited<ReturnType<typeof startWorkers>>;

/** Starts a program and waits until all of its workers listen. */
export async function startWorkers(env: Environment = {}) {
  const redis = await startRedis();
  const world = await startWorld({
    REDIS_URL: redis.url,
    WEB_CONCURRENCY: String(PROCESSES),
    RATE_LIMIT_TIERS: JSON.stringify({
      default: { limit: 10_000, windowS: 60 },
      few: { limit: LIMIT, windowS: 60 },
    }),
    ...env,
  });
  const lines = (message: string) =>
    parsedLines(world.program.stdout()).filter((line) => line['msg'] === message);
  /** The workers that have listened, those that have exited included. */
  const started = () => lines('listening').map((line) => Number(line['pid']));
  const workers = () => started().filter(isRunning);

  /** Kills a worker and waits for the one that replaces it. */
  async function killWorker(pid: number): Promise<void> {
    const before = started().length;
    process.kill(pid, 'SIGKILL');
    await waitFor('another worker', () => started().length > before);
  }

  /** Waits until no worker is too busy to report. */
  const ofAllWorkers = (path: string) =>
    waitFor(`${path} of all workers`, async () => {
      const answer = await world.admin(path);
      return answer.status === 200 && answer;
    });

  /** Returns the sum of the requests for a contact that all workers have counted. */
  async function counted(): Promise<number> {
    const { text } = await ofAllWorkers('/metrics');
    const series = text.matchAll(/^zyntro_bff_http_requests_total\{route="\/contacts\/:id".*\} (\d+)$/gm);
    return [...series].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  const readStatus = async (): Promise<Status> => (await ofAllWorkers('/status')).json();

  const processes = Number(env['WEB_CONCURRENCY'] ?? PROCESSES);
  await waitFor('all workers to listen', () => workers().length === processes);
  return {
    redis,
    world,
    /** Returns the log lines with this message. */
    lines,
    /** Returns the process ids of the running workers. */
    workers,
    killWorker,
    counted,
    readStatus,
    stop: async (): Promise<void> => {
      await world.stop();
      await redis.stop();
    },
  };
}

/** Sends `count` concurrent requests on separate connections, which the workers accept round robin. */
export const many = <T>(count: number, send: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, send));
