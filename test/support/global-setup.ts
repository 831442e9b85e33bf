import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { LOGS_ROOT, RUN_DIRECTORY_VARIABLE } from './run-directory.ts';

/** Gives the run a directory for the logs of every program that a test starts. */
export default function setUpRun(): void {
  const directory = path.join(LOGS_ROOT, `${Date.now()}-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  process.env[RUN_DIRECTORY_VARIABLE] = directory;
}
