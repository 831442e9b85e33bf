import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from './child.ts';

/** The oldest major version of Node that the client supports. */
const OLDEST = 20;
const PACKAGED = '20.20.2';
const CACHE = path.join(PROJECT_ROOT, 'node_modules', '.cache', `node-${PACKAGED}`);
/** Where machines have a Node of their own. */
const USUAL = [process.env['NODE_20'] ?? '', '/usr/bin/node', '/usr/local/bin/node'];

/**
 * Returns the file of a Node of the oldest supported version: the one that NODE_20 names, the machine's, or one
 * from npm.
 *
 * @throws Error with instructions if there is none.
 */
export function oldestNode(): string {
  return USUAL.find((file) => existsSync(file) && isOldest(file)) ?? packaged();
}

function isOldest(file: string): boolean {
  return execFileSync(file, ['--version'], { encoding: 'utf8' }).startsWith(`v${OLDEST}.`);
}

function packaged(): string {
  const name = `node-${process.platform}-${process.arch}`;
  const file = path.join(CACHE, 'node_modules', name, 'bin', 'node');
  try {
    if (!existsSync(file)) {
      mkdirSync(CACHE, { recursive: true });
      const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', CACHE];
      execFileSync('npm', [...args, `${name}@${PACKAGED}`], { timeout: 300_000, stdio: 'ignore' });
    }
    if (isOldest(file)) return file;
  } catch {
    // The error below says what to do.
  }
  throw new Error(`install Node ${OLDEST} at /usr/bin/node, or name its file in NODE_20`);
}
