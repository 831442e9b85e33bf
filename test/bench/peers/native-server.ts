import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '../../support/wait-for.ts';

export interface NativeServer {
  readonly program: string;
  /** @param file of the configuration. */
  readonly args: (file: string, directory: string) => readonly string[];
  /** Content of the configuration file. */
  readonly configuration: (port: number, directory: string) => string;
}

/** Runs a native server as a peer, on a free port and in a temporary directory. */
export async function runNative({ program, args, configuration }: NativeServer): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-peer-'));
  const port = await freePort();
  const file = path.join(directory, 'configuration');
  writeFileSync(file, configuration(port, directory), { mode: 0o600 });
  const child = spawn(program, args(file, directory), { stdio: ['ignore', 'inherit', 'inherit'] });
  let ended = false;
  child.once('error', () => (ended = true));
  child.once('exit', (code) => {
    ended = true;
    rmSync(directory, { recursive: true, force: true });
    process.exit(code ?? 0);
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  await waitFor(`${program} to listen`, () => ended || accepts(port));
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port, pid: child.pid })}\n`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
