import type { Json } from './json.ts';
import type { Part } from './parts.ts';
import type { ContactQuery } from './read-contact.ts';

export interface FetchOptions {
  readonly signal: AbortSignal;
}

/** A function that asks the upstream: for raw values at the bottom, for the bytes that go out once shaped. */
export type Fetch<Value> = (
  query: ContactQuery,
  options: FetchOptions,
) => Promise<Partial<Record<Part, Value>>>;

/** Raw upstream values by part; `contact` comes with every answer, asked for or not. */
export type FetchRawParts = Fetch<Json>;

/** Shaped JSON bytes by part; the literal `null` where the upstream has none. */
export type FetchShapedParts = Fetch<Buffer>;
