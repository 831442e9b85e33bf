/** Regenerates the tables of variables, between the markers of committed documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SLICES } from '../config/index.ts';
import { essentialTable, variableSections } from './variable-tables.ts';

const ROOT = join(import.meta.dirname, '../..');
const SECTION = /(<!-- variables -->\n)[^]*(<!-- \/variables -->)/;

function regenerate(name: string, content: string): void {
  const file = join(ROOT, name);
  const before = readFileSync(file, 'utf8');
  if (!SECTION.test(before)) throw new Error(`${name} does not have the markers of the table of variables`);
  writeFileSync(
    file,
    before.replace(SECTION, (_all, begin: string, end: string) => `${begin}\n${content}\n\n${end}`),
  );
}

regenerate('README.md', essentialTable(SLICES));
regenerate('docs/configuration.md', variableSections(SLICES));
