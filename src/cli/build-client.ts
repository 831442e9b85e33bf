/**
 * Builds the npm package of the client in `dist/client`, or in the folder given as an argument: ES modules and
 * CommonJS with their types, from one source. Comments are in the types alone, which editors show.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

rmSync(TARGET, { recursive: true, force: true });
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
for (const file of ['package.json', 'README.md']) copyFileSync(join(SOURCE, file), join(TARGET, file));
copyFileSync(join(ROOT, 'LICENSE'), join(TARGET, 'LICENSE'));
