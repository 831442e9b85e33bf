import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { essentialTable, variableSections } from '../../src/cli/variable-tables.ts';
import { SLICES } from '../../src/config/index.ts';
import { PROJECT_ROOT } from '../support/child.ts';

const generated = (file: string) =>
  /<!-- variables -->\n([^]*)<!-- \/variables -->/.exec(readFileSync(join(PROJECT_ROOT, file), 'utf8'))?.[1];
/** Removes the alignment of tables, which the formatter adds. */
const plain = (markdown = '') =>
  markdown
    .replace(/ +/g, ' ')
    .replace(/\| ?-+ ?(?=\|)/g, '|---')
    .trim();

test('docs/configuration.md lists the variables of the code (update it with npm run readme)', () => {
  expect(plain(generated('docs/configuration.md'))).toBe(plain(variableSections(SLICES)));
});

test('the README lists the variables of a first start (update it with npm run readme)', () => {
  expect(plain(generated('README.md'))).toBe(plain(essentialTable(SLICES)));
});

test('the documentation lists every variable and every settings file once', () => {
  const text = variableSections(SLICES);
  for (const { variables, files } of SLICES) {
    for (const name of Object.keys(variables)) expect(text.split(`\n| \`${name}\` `)).toHaveLength(2);
    for (const { name } of files) expect(text.split(`\n- \`${name}\`: `)).toHaveLength(2);
  }
});
