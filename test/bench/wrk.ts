import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasProgram, installPackages } from './debian-packages.ts';

const run = promisify(execFile);
const SCRIPT = path.join(import.meta.dirname, 'load.lua');

/** One request of the mix: `entityTag` makes it a conditional one. */
export interface BenchRequest {
  readonly path: string;
  readonly token: string;
  readonly entityTag?: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly durationS: number;
  readonly bytes: number;
  /** Answers over 399. */
  readonly refused: number;
  /** Connections that failed, or did not answer in time. */
  readonly broken: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadOptions {
  readonly port: number;
  /** As `writeRequests` leaves it. */
  readonly requestsFile: string;
  readonly seconds: number;
  readonly connections: number;
  /** Mean milliseconds that each connection waits before its next request. */
  readonly pauseMs?: number;
}

export function writeRequests(file: string, requests: readonly BenchRequest[]): void {
  const lines = requests.map(({ path, token, entityTag }) => `${path}\t${token}\t${entityTag ?? ''}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

/** Runs wrk once. @throws Error where anything was answered otherwise than it should be. */
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
  if (line === undefined) throw new Error(`wrk said nothing that can be read:\n${stdout}`);
  const result = JSON.parse(line) as LoadResult;
  if (result.refused > 0 || result.broken > 0 || result.requests === 0)
    throw new Error(`port ${port} did not answer as it should: ${line}`);
  return result;
}

/** Makes sure that wrk is there; installs it with apt where that can be done. */
export function installWrk(): void {
  if (hasProgram('wrk', '--version')) return;
  installPackages('wrk');
  if (!hasProgram('wrk', '--version')) throw new Error('the benchmark needs wrk: apt-get install wrk');
}
