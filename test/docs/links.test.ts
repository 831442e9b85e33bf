import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { linkFault, markdownFiles, relativeLinks } from '../support/markdown.ts';

const FILES = markdownFiles();

test('all documents are found', () => {
  expect(FILES).toEqual(
    expect.arrayContaining([
      'README.md',
      'CHANGELOG.md',
      '.github/SECURITY.md',
      'docs/auth.md',
      'src/README.md',
      'src/cache/README.md',
    ]),
  );
  expect(relativeLinks('README.md').length).toBeGreaterThan(15);
});

test.each(FILES)('the relative links of %s resolve, headings included', (file) => {
  expect(relativeLinks(file).flatMap((target) => linkFault(file, target) ?? [])).toEqual([]);
});

test('a missing file and a missing heading are found', () => {
  expect(linkFault('README.md', 'docs/none.md')).toMatch('the file does not exist');
  expect(linkFault('README.md', 'docs/auth.md#none')).toMatch('the heading does not exist');
  expect(linkFault('docs/auth.md', '#tokens')).toBeUndefined();
  expect(linkFault('docs/auth.md', '../../other')).toMatch('leaves the project');
});

test('the README links every page of docs/', () => {
  const pages = readdirSync(path.join(PROJECT_ROOT, 'docs')).map((page) => `docs/${page}`);
  expect(relativeLinks('README.md')).toEqual(expect.arrayContaining(pages));
});

test('the README has at most 9 KB', () => {
  expect(readFileSync(path.join(PROJECT_ROOT, 'README.md')).length).toBeLessThanOrEqual(9000);
});

/** Folders whose files name pages of docs/, such as comments and messages. */
const MENTIONING = ['src', 'test', 'config', '.ci'];
const TEXT = /\.(ts|js|cjs|json|ya?ml|html|css)$|(^|\/)run$/;

test('pages of docs/ that code, tests and settings name exist', () => {
  const faults = MENTIONING.flatMap((folder) =>
    readdirSync(path.join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => TEXT.test(file) && !file.startsWith('docs/links'))
      .map((file) => path.join(folder, file))
      .flatMap((file) => {
        const text = readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
        const pages = [...text.matchAll(/\bdocs\/[\w-]+\.md(?:#[\w-]+)?/g)].map(([page]) => page);
        return pages
          .flatMap((page) => linkFault('README.md', page) ?? [])
          .map((fault) => `${file}: ${fault}`);
      }),
  );
  expect(faults).toEqual([]);
});
