import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freshProject, link, packClient, typeErrors, type ClientPackage } from '../support/client-package.ts';
import { PROJECT_ROOT } from '../support/child.ts';

let built: ClientPackage;
let project: string;
beforeAll(() => {
  built = packClient();
  project = freshProject(built, 'examples');
  link(project, 'react', '@types/react', 'csstype', '@tanstack/react-query', '@tanstack/query-core');
});
afterAll(() => built?.remove());

const OPTIONS = ['--module', 'esnext', '--moduleResolution', 'bundler', '--jsx', 'react-jsx'];
const BLOCK = /^```(tsx?)\n([^]*?)^```/gm;

test.each([
  ['docs/client.md', 4],
  ['src/client/README.md', 1],
  ['README.md', 1],
])('the examples of %s type-check', (file, count) => {
  const blocks = [...readFileSync(path.join(PROJECT_ROOT, file), 'utf8').matchAll(BLOCK)];
  expect(blocks).toHaveLength(count);
  const sources = blocks.map(([, extension, code], index) => {
    const source = `${path.basename(file, '.md')}-${index}.${extension}`;
    writeFileSync(path.join(project, source), code!);
    return source;
  });
  expect(typeErrors(project, OPTIONS, sources)).toBe('');
});
