export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/**
 * Matches a number that a double may not represent: one with 16 or more characters, or with an exponent that
 * may overflow. Does not match digits inside strings, because many identifiers contain them.
 */
const RISKY_NUMBER = /(?:^|[:,[])\s*-?(?:[\d.]{16}|\d[\d.]*[eE])/;

/**
 * Parses JSON without loss of numeric precision: a number that a double cannot represent becomes raw JSON (the
 * TC39 proposal "JSON.parse source text access"), so that a 19-digit id is not rounded.
 *
 * @throws SyntaxError like `JSON.parse`.
 */
export function parseJson(text: string): Json {
  if (!RISKY_NUMBER.test(text)) return JSON.parse(text) as Json;
  return (JSON.parse as ParseWithSource)(text, (_name, value, context) =>
    typeof value === 'number' && context.source !== undefined && JSON.stringify(value) !== context.source
      ? rawJson(context.source)
      : value,
  ) as Json;
}

type ParseWithSource = (
  text: string,
  reviver: (name: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;
const isRawJson = (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON;

/** Returns whether the value is a JSON object, not an array, a scalar or a raw JSON number. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

/** A string, or a character of the structure. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Returns whether an object in JSON text has two members of one name. `JSON.parse` keeps the last without a word. */
export function hasRepeatedName(json: string): boolean {
  const open: Set<unknown>[] = [];
  let last = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1)!;
      const size = names.size;
      if (names.add(JSON.parse(last)).size === size) return true;
    }
    last = token;
  }
  return false;
}

/** Returns an object that accepts any member name, `__proto__` included. */
export function emptyObject(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>;
}
