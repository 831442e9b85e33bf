import { execFileSync, spawnSync } from 'node:child_process';

/** Installs Debian packages and returns whether that succeeded. */
export function installPackages(...names: readonly string[]): boolean {
  if (process.getuid?.() !== 0) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: 180_000, stdio: 'ignore' } as const;
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], options);
    return true;
  } catch {
    return false;
  }
}

export function hasProgram(name: string, versionFlag: string): boolean {
  return spawnSync(name, [versionFlag], { stdio: 'ignore' }).error === undefined;
}
