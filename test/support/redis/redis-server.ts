import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { HANG_MS } from '../wait-for.ts';

const run = promisify(execFile);

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Runs one command with redis-cli and returns its output. Rejects if the server returns an error. */
  cli(...args: string[]): Promise<string>;
  /**
   * Like `cli`, for a command that changes nothing: runs it again if the server closes the connection. Sentinels
   * close all connections of a server to which they give another role.
   */
  query(...args: string[]): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Sends SIGKILL, which simulates a machine failure. */
  kill(): Promise<void>;
  /** Kills the server and starts an empty one on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  readonly args?: readonly string[] | ((port: number) => readonly string[]);
  /** Arguments for redis-cli, such as a password. */
  readonly cliArgs?: readonly string[];
  /** Starts a Sentinel with these lines as its configuration. */
  readonly sentinelConfig?: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/**
 * Ports below the system's ephemeral range, so that a restarted server finds its port free. Nodes of a Cluster
 * also use the port plus 10,000.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 22_000;
const CLOSED = /Server closed the connection|Connection reset by peer/;
const MAX_QUERIES = 5;
const PORT_TAKEN = /Address already in use/;

/**
 * Returns how many replicas can confirm writes, from a master's INFO of replication. A replica that has just
 * synchronized is online, but sends its first confirmation up to a second later.
 */
export function countConfirming(info: string): number {
  return info.match(/state=online,offset=[1-9]/g)?.length ?? 0;
}

/** Starts redis-server on a free port, without persistence, in an empty directory. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-redis-'));
  const [port, first] = await startOnFreePort((candidate) => start(argsFor(options, directory, candidate)));
  let server = first;
  const args = argsFor(options, directory, port);
  const cli = async (...command: string[]): Promise<string> => {
    const { stdout } = await run(
      'redis-cli',
      ['-e', '-h', '127.0.0.1', '-p', String(port), ...(options.cliArgs ?? []), ...command],
      { timeout: HANG_MS },
    );
    return stdout.trim();
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli,
    async query(...command) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await cli(...command);
        } catch (error) {
          if (attempt === MAX_QUERIES || !CLOSED.test(String(error))) throw error;
        }
      }
    },
    signal: (name) => void server.child.kill(name),
    async kill() {
      server.child.kill('SIGKILL');
      await server.exited;
    },
    async restart() {
      server.child.kill('SIGKILL');
      await server.exited;
      server = await start(args);
    },
    async stop() {
      server.child.kill('SIGKILL');
      await server.exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function argsFor(options: RedisServerOptions, directory: string, port: number): string[] {
  const own = typeof options.args === 'function' ? options.args(port) : (options.args ?? []);
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  if (options.sentinelConfig === undefined) return [...common, '--save', '', '--appendonly', 'no', ...own];
  const file = path.join(directory, 'sentinel.conf');
  writeFileSync(file, options.sentinelConfig);
  return [file, '--sentinel', ...common, ...own];
}

/** Retries on random ports until the server can bind one, since other processes may use any of them. */
async function startOnFreePort(startOn: (port: number) => Promise<Started>): Promise<[number, Started]> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const started = await startOn(port).catch((error: Error) => {
      if (!PORT_TAKEN.test(error.message)) throw error;
    });
    if (started) return [port, started];
  }
}

/** Resolves when the server has logged that it is ready. */
function start(args: readonly string[]): Promise<Started> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
    child.once('error', reject);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-4000);
        if (!/Ready to accept connections|Sentinel ID is/.test(output)) return;
        clearTimeout(timer);
        resolve({ child, exited });
      });
    void exited.then(() => {
      clearTimeout(timer);
      reject(new Error(`redis-server exited:\n${output}`));
    });
  });
}
