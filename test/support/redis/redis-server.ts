import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '../wait-for.ts';

const run = promisify(execFile);

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** One command, as redis-cli takes it, and what it prints; rejects where the server refuses it. */
  cli(...args: string[]): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL, as when the machine dies. */
  kill(): Promise<void>;
  /** The same port again, empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  readonly args?: readonly string[];
  readonly port?: number;
  /** Arguments for redis-cli, such as a password. */
  readonly cliArgs?: readonly string[];
  /** Makes it a Sentinel, with these lines as its configuration. */
  readonly sentinelConfig?: string;
}

/** A real server of its own: on a free port, with nothing on disk but an empty directory. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-redis-'));
  const args: string[] = [];
  if (options.sentinelConfig !== undefined) {
    const file = path.join(directory, 'sentinel.conf');
    writeFileSync(file, options.sentinelConfig);
    args.push(file, '--sentinel');
  }
  args.push('--port', String(port), '--bind', '127.0.0.1', '--dir', directory);
  if (options.sentinelConfig === undefined) args.push('--save', '', '--appendonly', 'no');
  args.push(...(options.args ?? []));
  const cli = async (...command: string[]): Promise<string> => {
    const { stdout } = await run(
      'redis-cli',
      ['-e', '-h', '127.0.0.1', '-p', String(port), ...(options.cliArgs ?? []), ...command],
      { timeout: 10_000 },
    );
    return stdout.trim();
  };
  let server = await begin();

  async function begin() {
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await waitFor('redis-server to listen', async () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended:\n${output}`);
      return accepts(port);
    });
    return { child, gone };
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli,
    signal: (name) => void server.child.kill(name),
    async kill() {
      server.child.kill('SIGKILL');
      await server.gone;
    },
    async restart() {
      server.child.kill('SIGKILL');
      await server.gone;
      server = await begin();
    },
    async stop() {
      server.child.kill('SIGKILL');
      await server.gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
