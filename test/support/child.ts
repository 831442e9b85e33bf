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
  /** Resolves when the process has ended and its output is read. */
  readonly exited: Promise<Exit>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** Stops reading standard output, so that its pipe fills. */
  stopReading(): void;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL where that does not end it in time. */
  stop(timeoutMs?: number): Promise<Exit>;
}

export type Environment = Readonly<Record<string, string>>;

export interface StartOptions {
  readonly args?: readonly string[];
  /** The working directory; the project's root where it is not given. */
  readonly cwd?: string;
  /** Leads a process group of its own, as a command in a terminal does. */
  readonly detached?: boolean;
  /** A command that runs the program, such as `unshare` with its options. */
  readonly prefix?: readonly string[];
}

/** A Node process that gets these variables and nothing of ours but what finds programs and homes. */
export function startNode(
  entry: string,
  env: Environment,
  onOutput?: (text: string) => void,
  options: StartOptions = {},
): Child {
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const [command, ...args] = [
    ...(options.prefix ?? []),
    process.execPath,
    path.join(PROJECT_ROOT, entry),
    ...(options.args ?? []),
  ];
  const child: ChildProcess = spawn(command!, args, {
    cwd: options.cwd ?? PROJECT_ROOT,
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

/** Runs a Node process that is expected to end by itself. */
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

/** The first line of JSON on stdout that `accept` takes. Fails when the process ends or time runs out. */
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
    if (exit) throw new Error(`ended with ${JSON.stringify(exit)} before it was ready:\n${child.stderr()}`);
    if (Date.now() > deadline) throw new Error(`not ready after ${timeoutMs} ms:\n${child.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The complete lines that are JSON objects. */
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
