import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT, runNode } from '../support/child.ts';

let scratch: string;
beforeAll(() => void (scratch = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-build-'))));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const build = (folder: string) => runNode('src/cli/build-client.ts', {}, { args: [folder] });

test.each<[string, (folder: string) => void]>([
  ['with other files', (folder) => writeFileSync(path.join(folder, 'thesis.txt'), 'the only copy')],
  [
    'of another package',
    (folder) => writeFileSync(path.join(folder, 'package.json'), '{ "name": "another-package" }'),
  ],
  ['with a broken package.json', (folder) => writeFileSync(path.join(folder, 'package.json'), '{')],
  [
    'with the source of the client',
    (folder) => cpSync(path.join(PROJECT_ROOT, 'src/client'), folder, { recursive: true }),
  ],
])('refuses to replace a folder %s', async (_name, fill) => {
  const folder = mkdtempSync(path.join(scratch, 'full-'));
  fill(folder);
  const before = readdirSync(folder);
  const { code, stderr } = await build(folder);
  expect([code, stderr]).toEqual([
    64,
    `${folder} is not an earlier build of the client: name a new or an empty folder.\n`,
  ]);
  expect(readdirSync(folder)).toEqual(before);
});

test('refuses to replace a file', async () => {
  const file = path.join(scratch, 'file');
  writeFileSync(file, '');
  expect((await build(file)).code).toBe(64);
  expect(existsSync(file)).toBe(true);
});

test('builds in an empty folder, and replaces an earlier build', async () => {
  const folder = path.join(scratch, 'built');
  mkdirSync(folder);
  expect((await build(folder)).code).toBe(0);
  const files = readdirSync(folder);
  expect(files).toEqual(expect.arrayContaining(['index.js', 'index.d.ts', 'cjs', 'package.json']));
  writeFileSync(path.join(folder, 'outdated.js'), '');
  expect((await build(folder)).code).toBe(0);
  expect(readdirSync(folder)).toEqual(files);
});
