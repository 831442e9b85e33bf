/**
 * Builds the npm package of the client in `dist/client`, or in the folder given as an argument: ES modules and
 * CommonJS with their types, from one source. Comments are in the types alone, which editors show.
 * The folder must be absent, empty or an earlier build, because it is replaced.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCE = join(ROOT, 'src', 'client');
const TARGET = resolve(process.argv[2] ?? join(ROOT, 'dist', 'client'));
const COMMONJS_TARGET = join(TARGET, 'cjs');
const COMMONJS = '--module commonjs --moduleResolution bundler --verbatimModuleSyntax false'.split(' ');

function compile(...options: readonly string[]): void {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', SOURCE, ...options], {
    stdio: 'inherit',
    timeout: 300_000,
  });
}

/** Type declarations import `.ts` files as the source does; not every version of TypeScript resolves them. */
function importJavaScript(declarations: string): void {
  const text = readFileSync(declarations, 'utf8');
  writeFileSync(declarations, text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
}

function isReplaceable(folder: string): boolean {
  if (!existsSync(folder)) return true;
  if (!statSync(folder).isDirectory()) return false;
  const files = readdirSync(folder);
  if (files.length === 0) return true;
  // The source has the same package.json.
  return files.includes('package.json') && !files.includes('index.ts') && nameOf(folder) === nameOf(SOURCE);
}

function nameOf(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}

if (!isReplaceable(TARGET)) {
  process.stderr.write(`${TARGET} is not an earlier build of the client: name a new or an empty folder.\n`);
  process.exit(64);
}
rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
// First, so that a build that was interrupted can be replaced.
copyFileSync(join(SOURCE, 'package.json'), join(TARGET, 'package.json'));
for (const [folder, module] of [
  [TARGET, []],
  [COMMONJS_TARGET, COMMONJS],
] as const) {
  const options = ['--outDir', folder, ...module];
  compile(...options, '--emitDeclarationOnly');
  compile(...options, '--declaration', 'false', '--removeComments');
  for (const file of readdirSync(folder)) if (file.endsWith('.d.ts')) importJavaScript(join(folder, file));
  // The client uses the types of this file alone.
  rmSync(join(folder, 'schema.js'));
}
writeFileSync(join(COMMONJS_TARGET, 'package.json'), '{ "type": "commonjs" }\n');
copyFileSync(join(SOURCE, 'README.md'), join(TARGET, 'README.md'));
copyFileSync(join(ROOT, 'LICENSE'), join(TARGET, 'LICENSE'));
