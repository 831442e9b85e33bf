import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { installRedis } from './redis/install-redis.ts';
import { LOGS_ROOT, RUN_DIRECTORY_VARIABLE } from './run-directory.ts';

/** Installs Redis if it is missing, and creates the directory for the logs of all programs under test. */
export default function setUpRun(): void {
  installRedis();
  const directory = path.join(LOGS_ROOT, `${Date.now()}-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  process.env[RUN_DIRECTORY_VARIABLE] = directory;
}
