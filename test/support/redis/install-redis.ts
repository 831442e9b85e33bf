import { execFileSync, spawnSync } from 'node:child_process';

const INSTRUCTIONS = `The tests need a real Redis: put redis-server and redis-cli (version 6.2 or newer) on the PATH.
  Debian, Ubuntu:  apt-get install redis-server
  macOS:           brew install redis`;

/** Installs redis-server with apt if it is missing. @throws Error with instructions if that fails. */
export function installRedis(): void {
  if (isThere('redis-server') && isThere('redis-cli')) return;
  if (!isThere('apt-get') || process.getuid?.() !== 0) throw new Error(INSTRUCTIONS);
  process.stderr.write('redis-server is not installed: installing it with apt-get\n');
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { env, timeout: 180_000, stdio: 'ignore' });
    // Runlevel 1 keeps the service from starting. The tests start their own servers.
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], {
      env: { ...env, RUNLEVEL: '1' },
      timeout: 300_000,
      stdio: 'ignore',
    });
  } catch (cause) {
    throw new Error(INSTRUCTIONS, { cause });
  }
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}
