import { appendFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Set by the global set-up for the whole run; workers inherit it. */
export const RUN_DIRECTORY_VARIABLE = 'ZYNTRO_BFF_TEST_RUN_DIRECTORY';
export const LOGS_ROOT = path.join(os.tmpdir(), 'zyntro-bff-test-logs');

let fallback: string | undefined;

/** Returns the directory for the logs of this run and for the values that must not be in them. */
export function runDirectory(): string {
  const directory =
    process.env[RUN_DIRECTORY_VARIABLE] ?? (fallback ??= path.join(LOGS_ROOT, `${process.pid}`));
  mkdirSync(directory, { recursive: true });
  return directory;
}

const remembered = new Set<string>();

/** Kinds of registered values. The log search also finds values by pattern. */
export type SensitiveKind = 'credential' | 'personal data';

/** Minimum lengths. A short secret of a test, such as "secret", also occurs in ordinary log lines. */
const SHORTEST: Readonly<Record<SensitiveKind, number>> = { credential: 12, 'personal data': 5 };

/** Registers a value that no log line of the program may contain. Each worker appends to its own file. */
export function mustNotBeLogged(kind: SensitiveKind, value: string): void {
  if (value.length < SHORTEST[kind] || remembered.has(value)) return;
  remembered.add(value);
  const file = path.join(runDirectory(), `sensitive-${process.pid}.jsonl`);
  appendFileSync(file, `${JSON.stringify({ kind, value })}\n`);
}
