import type { Json } from '../lib/json.ts';
import type { Part } from './parts/index.ts';
import type { ContactQuery } from './read-contact.ts';

export interface FetchOptions {
  /** Aborts when no caller waits for the response. */
  readonly signal: AbortSignal;
  /** Default: `caller`. A background `refresh` yields to callers. */
  readonly purpose?: 'caller' | 'refresh';
}

/** A function that fetches parts from the upstream: raw values, or shaped JSON bytes. */
type Fetch<Value> = (query: ContactQuery, options: FetchOptions) => Promise<Partial<Record<Part, Value>>>;

/** Fetches raw upstream values by part. Every response includes `contact`, even if it is not requested. */
export type FetchRawParts = Fetch<Json>;

/** Fetches shaped JSON bytes by part; the literal `null` if the upstream does not have the part. */
export type FetchShapedParts = Fetch<Buffer>;
