import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { parsedLines, PROJECT_ROOT, type Environment } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';
import { cpuMicros, pinned, SERVER_CORE } from './pinned.ts';

export interface ServerProcess {
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly logFile: string;
  /** Milliseconds from the start of the process to its log line `listening`. */
  readonly startMs: number;
  /** Returns the CPU time used so far, in microseconds. */
  cpuMicros(): number | undefined;
  /** Truncates the log file. */
  clearLog(): void;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Path of the program, relative to the project's root. */
  readonly entry: string;
  readonly env: Environment;
  /** File for the output. */
  readonly logFile: string;
  readonly nodeArgs?: readonly string[];
  readonly cores?: string;
}

/** Starts a server under test on its core and waits until it listens. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { entry, env, logFile, nodeArgs = [], cores = SERVER_CORE } = options;
  const output = openSync(logFile, 'a', 0o600);
  truncateSync(logFile);
  const begun = performance.now();
  const [program = '', ...args] = pinned(cores, [
    process.execPath,
    ...nodeArgs,
    path.join(PROJECT_ROOT, entry),
  ]);
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', PORT: '0', ADMIN_PORT: '0', ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid ?? -1;
  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await exited.finally(() => clearTimeout(timer));
  }
  try {
    const line = await waitFor(
      `${entry} to listen`,
      () => {
        const text = readFileSync(logFile, 'utf8');
        if (child.exitCode !== null) throw new Error(`${entry} exited:\n${text}`);
        return parsedLines(text).find(({ msg }) => msg === 'listening');
      },
      30_000,
      2,
    );
    return {
      port: Number(line['port']),
      adminPort: Number(line['adminPort']),
      pid: Number(line['pid'] ?? pid),
      logFile,
      startMs: performance.now() - begun,
      cpuMicros: () => cpuMicros(Number(line['pid'] ?? pid)),
      clearLog: () => truncateSync(logFile),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
