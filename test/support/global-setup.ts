import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { installRedis } from './redis/install-redis.ts';
import { LOGS_ROOT, RUN_DIRECTORY_VARIABLE } from './run-directory.ts';

/** Sees to what the tests need, and gives the run a directory for the logs of every program they start. */
export default function setUpRun(): void {
  installRedis();
  const directory = path.join(LOGS_ROOT, `${Date.now()}-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  process.env[RUN_DIRECTORY_VARIABLE] = directory;
}
