import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { HANG_MS } from './wait-for.ts';

export const PROJECT_ROOT = path.resolve(import.meta.dirname, '..', '..');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process has exited and its output has been read. */
  readonly exited: Promise<Exit>;
  /** Resolves when the process has exited. */
  readonly ended: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** Stops reading standard output, so that its pipe fills. */
  stopReading(): void;
  signal(name: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL if the process has not exited after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<Exit>;
}

export type Environment = Readonly<Record<string, string>>;

export interface StartOptions {
  readonly args?: readonly string[];
  /** The tree to run; defaults to this project's. */
  readonly root?: string;
  /** Working directory; defaults to the tree's root. */
  readonly cwd?: string;
  /** Starts the process as the leader of a new process group, like a command in a terminal. */
  readonly detached?: boolean;
  /** A command that runs the program, such as `unshare` with its options. */
  readonly prefix?: readonly string[];
}

/** Starts a Node process with these variables. It inherits only `PATH` and `HOME`. */
export function startNode(
  entry: string,
  env: Environment,
  onOutput?: (text: string) => void,
  options: StartOptions = {},
): Child {
  const { root = PROJECT_ROOT } = options;
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const [command, ...args] = [
    ...(options.prefix ?? []),
    process.execPath,
    '-r',
    path.join(root, 'src/preload.cjs'),
    path.join(root, entry),
    ...(options.args ?? []),
  ];
  const child: ChildProcess = spawn(command!, args, {
    cwd: options.cwd ?? root,
    detached: options.detached ?? false,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      onOutput?.(text);
    });
  }
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid ?? -1,
    exited,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stopReading: () => void child.stdout?.pause(),
    signal: (name) => void child.kill(name),
    stop: async (timeoutMs = HANG_MS) => {
      // `exited` waits for the end of the output.
      child.stdout?.resume();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}

/** Runs a Node process until it exits, and kills it after `HANG_MS`. */
export async function runNode(
  entry: string,
  env: Environment,
  options: StartOptions = {},
): Promise<Exit & { stdout: string; stderr: string }> {
  const child = startNode(entry, env, undefined, options);
  const timer = setTimeout(() => child.signal('SIGKILL'), HANG_MS);
  const exit = await child.exited.finally(() => clearTimeout(timer));
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/**
 * Resolves with the first JSON line on stdout that `accept` accepts.
 * @throws Error if the process exits or the time runs out before that.
 */
export async function jsonLine(
  child: Child,
  accept: (line: Record<string, unknown>) => boolean,
  timeoutMs = HANG_MS,
): Promise<Record<string, unknown>> {
  let exit: Exit | undefined;
  void child.exited.then((value) => (exit = value));
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    for (const line of parsedLines(child.stdout())) if (accept(line)) return line;
    if (exit) throw new Error(`exited with ${JSON.stringify(exit)} before it was ready:\n${child.stderr()}`);
    if (Date.now() > deadline) throw new Error(`not ready after ${timeoutMs} ms:\n${child.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Returns the complete lines that are JSON objects, parsed. */
export function parsedLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isObject(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
