/** The parsed query string. If a name is repeated, its value is a list. */
export type Query = Readonly<Record<string, unknown>>;

/** `[]`, or an index in brackets. */
const MEMBER = /^\[(\d{0,9})\]$/;

/**
 * Joins all values of a list parameter with commas. HTTP clients write lists in four ways, which may be
 * mixed: `name=a,b`, `name=a&name=b`, `name[]=a` and `name[0]=a`. Values with an index come last, in the
 * order of their indexes; the others keep the order of the query.
 *
 * @returns '' if the parameter is absent; undefined if its brackets are not empty and do not hold an index of
 *   up to nine digits.
 */
export function listText(query: Query, name: string): string | undefined {
  const values: string[] = [];
  const indexed: { readonly index: number; readonly values: string[] }[] = [];
  for (const key of Object.keys(query)) {
    if (!key.startsWith(name)) continue;
    if (key.length === name.length) {
      values.push(...stringsOf(query[key]));
      continue;
    }
    if (key[name.length] !== '[') continue;
    const index = MEMBER.exec(key.slice(name.length))?.[1];
    if (index === undefined) return undefined;
    if (index === '') values.push(...stringsOf(query[key]));
    else indexed.push({ index: Number(index), values: stringsOf(query[key]) });
  }
  const ordered = indexed.toSorted((a, b) => a.index - b.index).flatMap((one) => one.values);
  return [...values, ...ordered].join(',');
}

function stringsOf(value: unknown): string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}

/** Splits a list at its commas; undefined if it is longer than `maxLength`, or not a list. */
export function splitList(text: string | undefined, maxLength: number): string[] | undefined {
  if (text === undefined || text.length > maxLength) return undefined;
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}
