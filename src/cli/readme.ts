import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SLICES } from '../config/index.ts';
import type { Variables } from '../config/variable.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const SECTION = /(<!-- variables -->\n)[^]*?(<!-- \/variables -->)/;

/** Returns a Markdown table of variables. */
function tableOf(variables: Variables): string {
  const rows = Object.entries(variables).map(([name, { description, secret, default: value }]) => {
    const file = secret ? ' or `…_FILE`' : '';
    return `| \`${name}\`${file} | ${defaultOf(value)} | ${description} |`;
  });
  return ['| variable | default | description |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (value instanceof URL) return `\`${value.origin}\``;
  if (typeof value === 'string' || typeof value === 'number') return `\`${value}\``;
  throw new Error(`a default of the type ${typeof value} cannot be shown`);
}

/** Regenerates the table of variables between the markers of the README. */
const before = readFileSync(README, 'utf8');
if (!SECTION.test(before)) throw new Error('README.md does not have the markers of the table of variables');
const table = tableOf(Object.assign({}, ...SLICES.map(({ variables }) => variables)) as Variables);
writeFileSync(
  README,
  before.replace(SECTION, (_all, begin: string, end: string) => `${begin}\n${table}\n\n${end}`),
);
