import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasProgram, installPackages } from './debian-packages.ts';

const run = promisify(execFile);
const SCRIPT = path.join(import.meta.dirname, 'load.lua');

/** One request of the mix. It is conditional if it has an `entityTag`, and a PATCH if it has a JSON `body`. */
export interface BenchRequest {
  readonly path: string;
  readonly token: string;
  readonly entityTag?: string;
  readonly body?: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly durationS: number;
  readonly bytes: number;
  /** Number of responses with a status above 399. */
  readonly refused: number;
  /** Number of connections that failed or timed out. */
  readonly broken: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadOptions {
  readonly port: number;
  /** File in the format of `writeRequests`. */
  readonly requestsFile: string;
  readonly seconds: number;
  readonly connections: number;
  /** Mean pause of each connection before its next request, in milliseconds. */
  readonly pauseMs?: number;
}

export function writeRequests(file: string, requests: readonly BenchRequest[]): void {
  const lines = requests.map(
    ({ path, token, entityTag = '', body = '' }) => `${path}\t${token}\t${entityTag}\t${body}\n`,
  );
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

/** Runs wrk once. @throws Error if any response has an unexpected status. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { port, requestsFile, seconds, connections, pauseMs = 0 } = options;
  const { stdout } = await run(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '--latency']
      .concat('-s', SCRIPT, `http://127.0.0.1:${port}`)
      .concat('--', requestsFile, String(Math.round(pauseMs))),
    { timeout: (seconds + 30) * 1000 },
  );
  const line = /^RESULT (.+)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
  const result = JSON.parse(line) as LoadResult;
  if (result.refused > 0 || result.broken > 0 || result.requests === 0)
    throw new Error(`port ${port} returned unexpected responses: ${line}`);
  return result;
}

/** Installs wrk with apt if it is missing. @throws Error if that fails. */
export function installWrk(): void {
  if (hasProgram('wrk', '--version')) return;
  installPackages('wrk');
  if (!hasProgram('wrk', '--version')) throw new Error('the benchmark needs wrk: apt-get install wrk');
}
