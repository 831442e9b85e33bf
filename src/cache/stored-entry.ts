import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Entry } from './part-store.ts';

/**
 * An entry as stored outside the process. Its times are durations in whole milliseconds, because processes do
 * not share a monotonic clock.
 */
export interface StoredEntry extends Pick<Entry, 'bytes' | 'contentHash'> {
  readonly generation: string;
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
const PLAIN_VERSION = 4;
const ENCRYPTED_VERSION = 3;
const KINDS = ['json', 'not-found'] as const;
/** Six bytes (48 bits) hold any duration that can occur. */
const DURATION_LENGTH = 6;
const FRESH_OFFSET = 2 + DURATION_LENGTH;
const RETENTION_OFFSET = FRESH_OFFSET + DURATION_LENGTH;
const HASH_OFFSET = RETENTION_OFFSET + DURATION_LENGTH;
/** A content hash is 16 characters of base64url. */
const HASH_LENGTH = 12;
const STAMP_LENGTH_AT = HASH_OFFSET + HASH_LENGTH;
const HEADER_LENGTH = STAMP_LENGTH_AT + 1;

/** Layout: version, kind, three durations, content hash, length of the generation, generation, bytes. */
export const plainCodec: EntryCodec = {
  encode(_key, { generation, ageMs, freshMs, retentionMs, ...entry }) {
    const stamp = Buffer.from(generation, 'latin1');
    const bytes = entry.bytes === 'not-found' ? Buffer.alloc(0) : entry.bytes;
    const stored = Buffer.allocUnsafe(HEADER_LENGTH + stamp.length + bytes.length);
    stored[0] = PLAIN_VERSION;
    stored[1] = KINDS.indexOf(entry.bytes === 'not-found' ? 'not-found' : 'json');
    stored.writeUIntBE(ageMs, 2, DURATION_LENGTH);
    stored.writeUIntBE(freshMs, FRESH_OFFSET, DURATION_LENGTH);
    stored.writeUIntBE(retentionMs, RETENTION_OFFSET, DURATION_LENGTH);
    stored
      .fill(0, HASH_OFFSET, STAMP_LENGTH_AT)
      .write(entry.contentHash, HASH_OFFSET, HASH_LENGTH, 'base64url');
    stored[STAMP_LENGTH_AT] = stamp.length;
    stamp.copy(stored, HEADER_LENGTH);
    bytes.copy(stored, HEADER_LENGTH + stamp.length);
    return stored;
  },
  decode(_key, stored) {
    const kind = KINDS[stored[1] ?? -1];
    const end = HEADER_LENGTH + (stored[STAMP_LENGTH_AT] ?? 0);
    if (stored[0] !== PLAIN_VERSION || !kind || stored.length < end) return undefined;
    const ageMs = stored.readUIntBE(2, DURATION_LENGTH);
    const freshMs = stored.readUIntBE(FRESH_OFFSET, DURATION_LENGTH);
    const retentionMs = stored.readUIntBE(RETENTION_OFFSET, DURATION_LENGTH);
    if (freshMs > retentionMs) return undefined;
    const generation = stored.toString('latin1', HEADER_LENGTH, end);
    if (kind === 'not-found')
      return { generation, bytes: kind, contentHash: '', ageMs, freshMs, retentionMs };
    const bytes = stored.subarray(end);
    // A JSON value is at least one byte long.
    if (bytes.length === 0) return undefined;
    const contentHash = stored.toString('base64url', HASH_OFFSET, STAMP_LENGTH_AT);
    return { generation, bytes, contentHash, ageMs, freshMs, retentionMs };
  },
};

const ALGORITHM = 'aes-256-gcm';
const KEY_ID_LENGTH = 4;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const TEXT_OFFSET = 1 + KEY_ID_LENGTH + IV_LENGTH + TAG_LENGTH;

/**
 * Creates a codec with AES-256-GCM (NIST SP 800-38D), a random nonce of 96 bits, and the Redis key as
 * associated data, so that an entry copied to another key does not decrypt. Rejects entries that are not
 * encrypted.
 *
 * @param keys keys of 32 bytes each: the first one encrypts, all of them decrypt.
 */
export function encryptedCodec(keys: readonly [Buffer, ...Buffer[]]): EntryCodec {
  const byId = new Map(keys.map((key) => [idOf(key).toString('latin1'), key]));
  const [current] = keys;
  const currentId = idOf(current);
  return {
    encode(key, entry) {
      const iv = randomBytes(IV_LENGTH);
      const cipher = createCipheriv(ALGORITHM, current, iv).setAAD(Buffer.from(key));
      const text = cipher.update(plainCodec.encode(key, entry));
      cipher.final();
      return Buffer.concat([Buffer.of(ENCRYPTED_VERSION), currentId, iv, cipher.getAuthTag(), text]);
    },
    decode(key, stored) {
      if (stored[0] !== ENCRYPTED_VERSION || stored.length < TEXT_OFFSET) return undefined;
      const ivAt = 1 + KEY_ID_LENGTH;
      const secret = byId.get(stored.toString('latin1', 1, ivAt));
      if (!secret) return undefined;
      try {
        const iv = stored.subarray(ivAt, ivAt + IV_LENGTH);
        const decipher = createDecipheriv(ALGORITHM, secret, iv, { authTagLength: TAG_LENGTH })
          .setAAD(Buffer.from(key))
          .setAuthTag(stored.subarray(TEXT_OFFSET - TAG_LENGTH, TEXT_OFFSET));
        const plain = decipher.update(stored.subarray(TEXT_OFFSET));
        decipher.final();
        return plainCodec.decode(key, plain);
      } catch {
        return undefined;
      }
    },
  };
}

/** Returns an identifier of a key that reveals nothing about the key. */
function idOf(key: Buffer): Buffer {
  return createHash('sha256')
    .update('zyntro-bff cache key id')
    .update(key)
    .digest()
    .subarray(0, KEY_ID_LENGTH);
}
