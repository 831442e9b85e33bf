import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';

const read = (...names: string[]): string => readFileSync(path.join(PROJECT_ROOT, 'test', ...names), 'utf8');

test('every row of THREATS.md has a test with its title, and every threat test has a row', () => {
  const rows = read('auth', 'THREATS.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const threats = rows.slice(2).map(([, threat = '', , file = '']) => ({ threat, file: file.slice(1, -1) }));
  expect(threats.length).toBeGreaterThan(20);
  const untested = threats.filter(({ threat, file }) => {
    const tests = read(...file.split('/'));
    return (
      !tests.includes(`test('${threat}'`) &&
      !tests.includes(`['${threat}'`) &&
      !tests.includes(`    '${threat}'`)
    );
  });
  expect(untested).toEqual([]);
  const source = read('journey', 'threats.test.ts') + read('journey', 'threats-request.test.ts');
  const tests = [...source.matchAll(/^test\('([^']+)'/gm)].map(([, name]) => name);
  const listed = new Set<unknown>(threats.map(({ threat }) => threat));
  // The first test is not a threat.
  expect(tests.slice(1).filter((name) => !listed.has(name))).toEqual([]);
});
