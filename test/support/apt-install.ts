import { execFileSync, spawnSync } from 'node:child_process';

const TIMEOUT_MS = 300_000;

/**
 * Installs a Debian package with apt if its program is missing.
 * @throws Error with instructions if it cannot be installed.
 */
export function installPackage(name: string, program: string): void {
  if (spawnSync(program, ['--version']).status === 0) return;
  // Runlevel 1 keeps the package's service from starting.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { stdio: 'ignore', timeout: TIMEOUT_MS, env } as const;
  try {
    execFileSync('apt-get', ['update', '-q'], options);
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], options);
  } catch (cause) {
    throw new Error(`This test needs ${program}: apt-get install ${name}`, { cause });
  }
}
