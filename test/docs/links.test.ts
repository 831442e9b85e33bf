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

/** Folders whose files name pages of docs/, in comments and messages for example. This file is left out. */
const MENTIONING = ['src', 'test', 'config', '.ci'];
const NO_TEXT = /\.(md|png)$/;
/** A page, with the name of a heading in quotation marks if one follows. */
const PAGE = /\b(docs\/[\w-]+\.md|README(?=, "))(#[\w-]+)?(?:, "([^"\n]+)")?/g;

function mentioningFiles(): string[] {
  const entries = ['', ...MENTIONING].flatMap((folder) =>
    readdirSync(path.join(PROJECT_ROOT, folder), { recursive: folder !== '', withFileTypes: true }),
  );
  return entries
    .filter((entry) => entry.isFile() && !NO_TEXT.test(entry.name))
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .filter((file) => file !== import.meta.filename)
    .map((file) => path.relative(PROJECT_ROOT, file));
}

/** Returns the faults of the pages that a text names. */
function faultsOf(text: string): string[] {
  return [...text.matchAll(PAGE)].flatMap(([, page, anchor = '', heading]) => {
    const target = heading === undefined ? anchor : `#${heading.toLowerCase().replaceAll(' ', '-')}`;
    return linkFault('README.md', `${page === 'README' ? 'README.md' : page}${target}`) ?? [];
  });
}

test('pages and headings of docs/ that code, examples and settings name exist', () => {
  const files = mentioningFiles();
  expect(files).toEqual(
    expect.arrayContaining(['Dockerfile', 'compose.env.example', 'config/systemd/environment.example']),
  );
  const faults = files.flatMap((file) =>
    faultsOf(readFileSync(path.join(PROJECT_ROOT, file), 'utf8')).map((fault) => `${file}: ${fault}`),
  );
  expect(faults).toEqual([]);
});

test('a page or a heading in a text that does not exist is found', () => {
  expect(faultsOf('see docs/running.md, "Memory", and docs/running.md#ports')).toEqual([]);
  expect(faultsOf('see docs/running.md, "Performance"')).toEqual([expect.stringMatching('the heading')]);
  expect(faultsOf('see README, "Performance"')).toEqual([expect.stringMatching('the heading')]);
  expect(faultsOf('see docs/running.md#none')).toEqual([expect.stringMatching('the heading')]);
});

test('only configuration.md lists all variables', () => {
  const texts = mentioningFiles().map((file) => [file, readFileSync(path.join(PROJECT_ROOT, file), 'utf8')]);
  for (const [file, text] of texts)
    for (const [sentence, subject] of text!.matchAll(/(\S+) lists all variables/g))
      expect([file, sentence, subject === 'docs/configuration.md']).toEqual([file, sentence, true]);
});
