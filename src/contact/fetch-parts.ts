import type { Json } from '../lib/json.ts';
import type { Part } from './parts.ts';
import type { ContactQuery } from './read-contact.ts';

export interface FetchOptions {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** For whom the call is made; `caller` where it is left out. A `refresh` in the background gives way. */
  readonly purpose?: 'caller' | 'refresh';
}

/** A function that asks the upstream: for raw values at the bottom, for the bytes that go out once shaped. */
export type Fetch<Value, Options = FetchOptions> = (
  query: ContactQuery,
  options: Options,
) => Promise<Partial<Record<Part, Value>>>;

/** Raw upstream values by part; `contact` comes with every answer, asked for or not. */
export type FetchRawParts = Fetch<Json>;

/** Shaped JSON bytes by part; the literal `null` where the upstream has none. */
export type FetchShapedParts = Fetch<Buffer>;

/** What goes first where calls have to wait: callers, then their retries, then refreshes. */
export const PRIORITIES = ['caller', 'retry', 'refresh'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface AttemptOptions {
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** Milliseconds of a monotonic clock when the whole call, waiting and retry included, must have ended. */
  readonly deadline: number;
}

/** One attempt at a call. */
export type AttemptRawParts = Fetch<Json, AttemptOptions>;
