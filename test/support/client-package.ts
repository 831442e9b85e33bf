import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT } from './child.ts';

const COMMAND_TIMEOUT_MS = 240_000;
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

export interface ClientPackage {
  /** The built package. */
  readonly folder: string;
  /** The output of `npm pack`. */
  readonly tarball: string;
  /** A folder for projects outside of the tree. */
  readonly scratch: string;
  remove(): void;
}

export function run(command: string, args: readonly string[], options: ExecFileSyncOptions = {}): string {
  return execFileSync(command, args, { timeout: COMMAND_TIMEOUT_MS, ...options, encoding: 'utf8' });
}

/** Builds the client outside of the tree, and packs it. */
export function packClient(): ClientPackage {
  const scratch = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-client-'));
  const folder = path.join(scratch, 'built');
  run(process.execPath, [path.join(PROJECT_ROOT, 'src/cli/build-client.ts'), folder]);
  run(NPM, ['pack', folder, '--pack-destination', scratch], { cwd: scratch });
  const tarball = readdirSync(scratch).find((file) => file.endsWith('.tgz'))!;
  return {
    folder,
    tarball: path.join(scratch, tarball),
    scratch,
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** Creates an empty project with the client installed from its tarball, without a registry. */
export function freshProject({ scratch, tarball }: ClientPackage, name: string): string {
  const project = path.join(scratch, name);
  mkdirSync(project);
  run(NPM, ['init', '-y'], { cwd: project });
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  run(NPM, ['install', ...options, tarball], { cwd: project });
  return project;
}

/** Makes packages of this repository available to a project. */
export function link(project: string, ...packages: readonly string[]): void {
  for (const name of packages) {
    const target = path.join(project, 'node_modules', name);
    mkdirSync(path.dirname(target), { recursive: true });
    symlinkSync(path.join(PROJECT_ROOT, 'node_modules', name), target, 'junction');
  }
}

/** Type-checks files of a project, its declarations included. Returns the compiler's errors. */
export function typeErrors(project: string, options: readonly string[], files: readonly string[]): string {
  const compiler = path.join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc');
  const strict = ['--strict', '--noEmit', '--target', 'es2022', '--skipLibCheck', 'false'];
  try {
    run(process.execPath, [compiler, ...strict, ...options, ...files], { cwd: project, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error);
  }
}
