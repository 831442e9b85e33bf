import { appendFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Set by the global set-up for the whole run; workers inherit it. */
export const RUN_DIRECTORY_VARIABLE = 'ZYNTRO_BFF_TEST_RUN_DIRECTORY';
export const LOGS_ROOT = path.join(os.tmpdir(), 'zyntro-bff-test-logs');

let fallback: string | undefined;

/** Where this run keeps the logs of every program it starts, and what must not be found in them. */
export function runDirectory(): string {
  const directory =
    process.env[RUN_DIRECTORY_VARIABLE] ?? (fallback ??= path.join(LOGS_ROOT, `${process.pid}`));
  mkdirSync(directory, { recursive: true });
  return directory;
}

const remembered = new Set<string>();

/** What the search of the logs looks for, beside what it knows by pattern. */
export type SensitiveKind = 'credential' | 'personal data';

/** A weak secret that a test configures, such as "secret", is a word of ordinary log lines, too. */
const SHORTEST: Readonly<Record<SensitiveKind, number>> = { credential: 12, 'personal data': 5 };

/** Notes a value that no log line of the program may hold. Each worker appends to a file of its own. */
export function mustNotBeLogged(kind: SensitiveKind, value: string): void {
  if (value.length < SHORTEST[kind] || remembered.has(value)) return;
  remembered.add(value);
  const file = path.join(runDirectory(), `sensitive-${process.pid}.jsonl`);
  appendFileSync(file, `${JSON.stringify({ kind, value })}\n`);
}
