export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/**
 * A number of so many digits that a double may not hold it, or with an exponent that may overflow it. What is
 * in quotes is no number: identifiers are full of such.
 */
const RISKY_NUMBER = /(?:^|[:,[])\s*-?(?:[\d.]{16}|\d[\d.]*[eE])/;

/**
 * JSON.parse that keeps every number as it was written: one that a double cannot hold is carried as raw
 * JSON (the TC39 proposal "JSON.parse source text access"), so that a 19-digit id is not rounded.
 *
 * @throws SyntaxError as JSON.parse does.
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

/** Whether the value is a JSON object, rather than an array, a scalar or a number carried as raw JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

/** An object whose names may be anything, `__proto__` included. */
export function emptyObject(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>;
}
