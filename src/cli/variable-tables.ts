import type { Slice, Variable, Variables } from '../config/variable.ts';

/** Returns a Markdown section for each group of variables, with the files of further settings. */
export function variableSections(slices: readonly Slice[]): string {
  return slices
    .map(({ title, introduction, variables, files }) => {
      const list = files.map(({ name, description }) => `- \`${name}\`: ${description}`);
      return [`## ${title}`, introduction, variableTable(variables), list.join('\n')]
        .filter((part) => part !== '')
        .join('\n\n');
    })
    .join('\n\n');
}

/** Returns a Markdown table of the variables of a first start. */
export function essentialTable(slices: readonly Slice[]): string {
  return variableTable(
    Object.fromEntries(
      slices.flatMap(({ variables }) => Object.entries(variables).filter(([, { essential }]) => essential)),
    ),
  );
}

function variableTable(variables: Variables): string {
  const rows = Object.entries(variables).map(([name, variable]) => {
    const file = variable.secret ? ' or `…_FILE`' : '';
    return `| \`${name}\`${file} | ${defaultOf(variable)} | ${variable.description} |`;
  });
  return ['| variable | default | description |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf({ default: value }: Variable<unknown>): string {
  if (value === undefined) return '';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (value instanceof URL) return `\`${value.origin}\``;
  if (typeof value === 'string' || typeof value === 'number') return `\`${value}\``;
  throw new Error(`a default of the type ${typeof value} cannot be shown`);
}
