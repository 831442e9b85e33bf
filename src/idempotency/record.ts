import { isJsonObject, parseJson, type Json } from '../lib/json.ts';
import type { Refusal } from './refusal.ts';

/** A response that can be repeated. */
export interface WriteResult {
  readonly status: number;
  /** Header fields: names and values in turn. */
  readonly headers: readonly string[];
  /** Undefined if the response does not have a body. */
  readonly value: Json | undefined;
  /** The same result without a representation of the changed resource, if it has one. */
  readonly plain?: WriteResult;
  /** True if the representation was too large to be kept. */
  readonly isShortened?: true;
}

/** The contents of a record, which the codec encrypts. */
export interface RecordContents {
  readonly fingerprint: string;
  /** The result of `prepare`; undefined until the attempt has started. */
  readonly prepared?: Json;
  /** Undefined until the write is carried out. */
  readonly result?: WriteResult;
  /** In place of a result, if the upstream has refused the write. */
  readonly refusal?: Refusal;
}

/** The part of a cache entry's codec that records use. */
export interface EntryCodec {
  encode(key: string, entry: typeof NO_FRESHNESS & { readonly bytes: Buffer }): Buffer;
  decode(key: string, stored: Buffer): { readonly bytes: Buffer | 'not-found' } | undefined;
}

/** The members of a cache entry that have no meaning for a record. */
const NO_FRESHNESS = { generation: '', number: 0, contentHash: '', ageMs: 0, freshMs: 0, retentionMs: 0 };

export interface RecordCodec {
  encode(key: string, contents: RecordContents): Buffer;
  /** Returns undefined if `encode` did not produce these bytes for this key. */
  decode(key: string, stored: Buffer): RecordContents | undefined;
}

/** Creates a codec that serializes records as JSON and encrypts them as cache entries are. */
export function recordCodec(codec: EntryCodec): RecordCodec {
  return {
    encode: (key, contents) =>
      codec.encode(key, { ...NO_FRESHNESS, bytes: Buffer.from(JSON.stringify(contents)) }),
    decode(key, stored) {
      const bytes = codec.decode(key, stored)?.bytes;
      return bytes === undefined || bytes === 'not-found' ? undefined : contentsOf(bytes);
    },
  };
}

function contentsOf(bytes: Buffer): RecordContents | undefined {
  try {
    const contents = parseJson(bytes.toString());
    return isJsonObject(contents) && typeof contents['fingerprint'] === 'string'
      ? (contents as unknown as RecordContents)
      : undefined;
  } catch {
    return undefined;
  }
}
