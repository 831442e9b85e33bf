import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { variablesTable } from '../config/variable-docs.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const SECTION = /(<!-- variables -->\n)[^]*?(<!-- \/variables -->)/;

/** Regenerates the table of variables between the markers of the README. */
const before = readFileSync(README, 'utf8');
if (!SECTION.test(before)) throw new Error('README.md does not have the markers of the table of variables');
writeFileSync(
  README,
  before.replace(SECTION, (_all, begin: string, end: string) => `${begin}\n${variablesTable()}\n\n${end}`),
);
