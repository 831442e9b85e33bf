import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Entry } from './part-store.ts';

export interface StampedEntry {
  readonly generation: string;
  readonly entry: Entry;
}

/** How an entry is written down outside of the process. */
export interface EntryCodec {
  encode(key: string, stamped: StampedEntry): Buffer;
  /** Undefined for whatever is no entry that `encode` made for this very key. */
  decode(key: string, stored: Buffer): StampedEntry | undefined;
}

/** Goes up whenever the layout changes; an entry of another version is a miss. */
const PLAIN_VERSION = 3;
const ENCRYPTED_VERSION = 2;
const KINDS = ['json', 'not-found'] as const;
const HASH_OFFSET = 2 + 8 + 8;
/** A content hash is 16 characters of base64url. */
const HASH_LENGTH = 12;
const STAMP_LENGTH_AT = HASH_OFFSET + HASH_LENGTH;
const HEADER_LENGTH = STAMP_LENGTH_AT + 1;

/** Version, kind, two times as doubles, content hash, length of the generation, generation, bytes. */
export const plainCodec: EntryCodec = {
  encode(_key, { generation, entry }) {
    const stamp = Buffer.from(generation, 'latin1');
    const bytes = entry.bytes === 'not-found' ? Buffer.alloc(0) : entry.bytes;
    const stored = Buffer.allocUnsafe(HEADER_LENGTH + stamp.length + bytes.length);
    stored[0] = PLAIN_VERSION;
    stored[1] = KINDS.indexOf(entry.bytes === 'not-found' ? 'not-found' : 'json');
    stored.writeDoubleBE(entry.fetchedAt, 2);
    stored.writeDoubleBE(entry.staleAt, 10);
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
    const fetchedAt = stored.readDoubleBE(2);
    const staleAt = stored.readDoubleBE(10);
    if (!Number.isFinite(fetchedAt) || !Number.isFinite(staleAt)) return undefined;
    const generation = stored.toString('latin1', HEADER_LENGTH, end);
    if (kind === 'not-found')
      return { generation, entry: { bytes: kind, contentHash: '', fetchedAt, staleAt } };
    const bytes = stored.subarray(end);
    // An answer is at least one digit long.
    if (bytes.length === 0) return undefined;
    const contentHash = stored.toString('base64url', HASH_OFFSET, STAMP_LENGTH_AT);
    return { generation, entry: { bytes, contentHash, fetchedAt, staleAt } };
  },
};

const ALGORITHM = 'aes-256-gcm';
const KEY_ID_LENGTH = 4;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const TEXT_OFFSET = 1 + KEY_ID_LENGTH + IV_LENGTH + TAG_LENGTH;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits and the key's name as associated data, so
 * that an entry under another name does not decrypt. What is not encrypted is refused.
 *
 * @param keys of 32 bytes each: the first encrypts, all decrypt.
 */
export function encryptedCodec(keys: readonly [Buffer, ...Buffer[]]): EntryCodec {
  const byId = new Map(keys.map((key) => [idOf(key).toString('latin1'), key]));
  const [current] = keys;
  const currentId = idOf(current);
  return {
    encode(key, stamped) {
      const iv = randomBytes(IV_LENGTH);
      const cipher = createCipheriv(ALGORITHM, current, iv).setAAD(Buffer.from(key));
      const text = cipher.update(plainCodec.encode(key, stamped));
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

/** Tells keys apart and says nothing of them. */
function idOf(key: Buffer): Buffer {
  return createHash('sha256')
    .update('zyntro-bff cache key id')
    .update(key)
    .digest()
    .subarray(0, KEY_ID_LENGTH);
}
