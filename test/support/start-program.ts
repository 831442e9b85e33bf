import { appendFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { jsonLine, startNode } from './child.ts';
import type { Child, Environment, Exit, StartOptions } from './child.ts';
import { mustNotBeLogged, runDirectory } from './run-directory.ts';
import { HANG_MS } from './wait-for.ts';

export interface Program extends Child {
  readonly port: number;
  readonly adminPort: number;
  readonly url: string;
  readonly adminUrl: string;
}

const SECRET_NAMES = /^(JWT_SECRET|ZYNTRO_API_KEY|ZYNTRO_DEVELOPER_SECRET|ADMIN_TOKEN)$/;

/** Starts the program and resolves when it listens on both ports. */
export async function startProgram(env: Environment, options: StartOptions = {}): Promise<Program> {
  const child = spawnProgram(env, options);
  try {
    const line = await jsonLine(child, (entry) => entry['msg'] === 'listening');
    const { port, adminPort } = line;
    if (typeof port !== 'number' || typeof adminPort !== 'number') throw new Error(JSON.stringify(line));
    return {
      ...child,
      port,
      adminPort,
      url: `http://127.0.0.1:${port}`,
      adminUrl: `http://127.0.0.1:${adminPort}`,
    };
  } catch (cause) {
    await child.stop(1000);
    throw new Error('the program did not start', { cause });
  }
}

/** Runs a program that is expected to exit at the start. */
export async function runProgram(env: Environment): Promise<Exit & { stdout: string; stderr: string }> {
  const child = spawnProgram(env);
  const timer = setTimeout(() => child.signal('SIGKILL'), HANG_MS);
  const exit = await child.exited.finally(() => clearTimeout(timer));
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** Starts the program without waiting for it to listen. */
export function spawnProgram(env: Environment, options: StartOptions = {}): Child {
  for (const [name, value] of Object.entries(env)) {
    if (SECRET_NAMES.test(name)) mustNotBeLogged('credential', value);
  }
  const file = path.join(runDirectory(), `program-${process.pid}-${randomBytes(4).toString('hex')}.log`);
  const all = { NODE_ENV: 'production', PORT: '0', ADMIN_PORT: '0', ...env };
  return startNode('src/main.ts', all, (text) => appendFileSync(file, text), options);
}
