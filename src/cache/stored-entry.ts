import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Entry } from './part-store.ts';
import { NUMBER_LENGTH } from './redis-scripts.ts';

/**
 * An entry as stored outside the process. Its times are durations in whole milliseconds, because processes do
 * not share a monotonic clock.
 */
export interface StoredEntry extends Pick<Entry, 'bytes' | 'contentHash' | 'generation' | 'number'> {
  /** The age of the result when it was stored, in milliseconds. */
  readonly ageMs: number;
  /** Milliseconds for which the entry is fresh, counted from when it is stored; at most `retentionMs`. */
  readonly freshMs: number;
  /** The time to live (PX) that was set with the entry, in milliseconds. */
  readonly retentionMs: number;
}

/** Serialization of entries for storage outside the process. */
export interface EntryCodec {
  encode(key: string, entry: StoredEntry): Buffer;
  /** Returns undefined if `encode` did not produce these bytes for this key. */
  decode(key: string, stored: Buffer): StoredEntry | undefined;
}

/** Incremented when the layout changes; an entry of another version is treated as a miss. */
const PLAIN_VERSION = 5;
const ENCRYPTED_VERSION = 4;
const KINDS = ['json', 'not-found'] as const;
/** Six bytes (48 bits) hold any duration that can occur. */
const DURATION_LENGTH = 6;
const FRESH_OFFSET = 2 + DURATION_LENGTH;
const RETENTION_OFFSET = FRESH_OFFSET + DURATION_LENGTH;
const HASH_OFFSET = RETENTION_OFFSET + DURATION_LENGTH;
/** A content hash is 16 characters of base64url. */
const HASH_LENGTH = 12;
const HEADER_LENGTH = HASH_OFFSET + HASH_LENGTH;
const COLON = 0x3a;

interface Stamped {
  readonly stamp: Pick<StoredEntry, 'generation' | 'number'>;
  /** The stamp as text, which authenticated encryption covers. */
  readonly prefix: string;
  readonly rest: Buffer;
}

/** Returns the beginning of a stored entry, which scripts compare. */
function prefixOf({ generation, number }: Pick<StoredEntry, 'generation' | 'number'>): string {
  return `${generation}:${String(number).padStart(NUMBER_LENGTH, '0')}`;
}

function splitPrefix(stored: Buffer): Stamped | undefined {
  const colon = stored.indexOf(COLON);
  const end = colon + 1 + NUMBER_LENGTH;
  if (colon < 0 || stored.length < end) return undefined;
  const prefix = stored.toString('latin1', 0, end);
  const stamp = { generation: prefix.slice(0, colon), number: Number(prefix.slice(colon + 1)) };
  return Number.isInteger(stamp.number) ? { stamp, prefix, rest: stored.subarray(end) } : undefined;
}

/** Layout: version, kind, three durations, content hash, bytes. */
function encodeRest(entry: StoredEntry): Buffer {
  const bytes = entry.bytes === 'not-found' ? Buffer.alloc(0) : entry.bytes;
  const rest = Buffer.allocUnsafe(HEADER_LENGTH + bytes.length);
  rest[0] = PLAIN_VERSION;
  rest[1] = KINDS.indexOf(entry.bytes === 'not-found' ? 'not-found' : 'json');
  rest.writeUIntBE(entry.ageMs, 2, DURATION_LENGTH);
  rest.writeUIntBE(entry.freshMs, FRESH_OFFSET, DURATION_LENGTH);
  rest.writeUIntBE(entry.retentionMs, RETENTION_OFFSET, DURATION_LENGTH);
  rest.fill(0, HASH_OFFSET, HEADER_LENGTH).write(entry.contentHash, HASH_OFFSET, HASH_LENGTH, 'base64url');
  bytes.copy(rest, HEADER_LENGTH);
  return rest;
}

function decodeRest(rest: Buffer, stamp: Stamped['stamp']): StoredEntry | undefined {
  const kind = KINDS[rest[1] ?? -1];
  if (rest[0] !== PLAIN_VERSION || !kind || rest.length < HEADER_LENGTH) return undefined;
  const ageMs = rest.readUIntBE(2, DURATION_LENGTH);
  const freshMs = rest.readUIntBE(FRESH_OFFSET, DURATION_LENGTH);
  const retentionMs = rest.readUIntBE(RETENTION_OFFSET, DURATION_LENGTH);
  if (freshMs > retentionMs) return undefined;
  if (kind === 'not-found') return { ...stamp, bytes: kind, contentHash: '', ageMs, freshMs, retentionMs };
  const bytes = rest.subarray(HEADER_LENGTH);
  // A JSON value is at least one byte long.
  if (bytes.length === 0) return undefined;
  const contentHash = rest.toString('base64url', HASH_OFFSET, HEADER_LENGTH);
  return { ...stamp, bytes, contentHash, ageMs, freshMs, retentionMs };
}

export const plainCodec: EntryCodec = {
  encode: (_key, entry) => Buffer.concat([Buffer.from(prefixOf(entry), 'latin1'), encodeRest(entry)]),
  decode(_key, stored) {
    const parsed = splitPrefix(stored);
    return parsed && decodeRest(parsed.rest, parsed.stamp);
  },
};

const ALGORITHM = 'aes-256-gcm';
const KEY_ID_LENGTH = 4;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const TEXT_OFFSET = 1 + KEY_ID_LENGTH + IV_LENGTH + TAG_LENGTH;

/**
 * Creates a codec with AES-256-GCM (NIST SP 800-38D), a random nonce of 96 bits, and the Redis key and the stamp
 * as associated data, so that an entry copied to another key, or stamped anew, does not decrypt. Rejects entries
 * that are not encrypted.
 *
 * @param keys keys of 32 bytes each: the first one encrypts, all of them decrypt.
 */
export function encryptedCodec(keys: readonly [Buffer, ...Buffer[]]): EntryCodec {
  const byId = new Map(keys.map((key) => [idOf(key).toString('latin1'), key]));
  const [current] = keys;
  const currentId = idOf(current);
  return {
    encode(key, entry) {
      const prefix = Buffer.from(prefixOf(entry), 'latin1');
      const iv = randomBytes(IV_LENGTH);
      const cipher = createCipheriv(ALGORITHM, current, iv).setAAD(associatedData(key, prefix));
      const text = cipher.update(encodeRest(entry));
      cipher.final();
      const header = [prefix, Buffer.of(ENCRYPTED_VERSION), currentId, iv, cipher.getAuthTag()];
      return Buffer.concat([...header, text]);
    },
    decode(key, whole) {
      const parsed = splitPrefix(whole);
      const stored = parsed?.rest;
      if (!stored || stored[0] !== ENCRYPTED_VERSION || stored.length < TEXT_OFFSET) return undefined;
      const ivAt = 1 + KEY_ID_LENGTH;
      const secret = byId.get(stored.toString('latin1', 1, ivAt));
      if (!secret) return undefined;
      try {
        const iv = stored.subarray(ivAt, ivAt + IV_LENGTH);
        const decipher = createDecipheriv(ALGORITHM, secret, iv, { authTagLength: TAG_LENGTH })
          .setAAD(associatedData(key, Buffer.from(parsed.prefix, 'latin1')))
          .setAuthTag(stored.subarray(TEXT_OFFSET - TAG_LENGTH, TEXT_OFFSET));
        const plain = decipher.update(stored.subarray(TEXT_OFFSET));
        decipher.final();
        return decodeRest(plain, parsed.stamp);
      } catch {
        return undefined;
      }
    },
  };
}

function associatedData(key: string, prefix: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${key}\0`), prefix]);
}

/** Returns an identifier of a key that reveals nothing about the key. */
function idOf(key: Buffer): Buffer {
  return createHash('sha256')
    .update('zyntro-bff cache key id')
    .update(key)
    .digest()
    .subarray(0, KEY_ID_LENGTH);
}
