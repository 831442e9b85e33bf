import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { encryptedCodec, plainCodec, type EntryCodec } from '../../src/cache/stored-entry.ts';

const KEYS: [Buffer, Buffer] = [randomBytes(32), randomBytes(32)];
const CODECS: readonly (readonly [string, EntryCodec])[] = [
  ['plain', plainCodec],
  ['encrypted', encryptedCodec(KEYS)],
];

const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((array) => Buffer.from(array));
const duration = fc.nat({ max: 2 ** 47 });
const content = fc.oneof(
  fc.record({ bytes, contentHash: fc.stringMatching(/^[\w-]{16}$/) }),
  fc.record({ bytes: fc.constant('not-found' as const), contentHash: fc.constant('') }),
);
const durations = fc
  .tuple(duration, duration, duration)
  .map(([ageMs, freshMs, staleMs]) => ({ ageMs, freshMs, retentionMs: freshMs + staleMs }));
const stored = fc
  .tuple(fc.stringMatching(/^[\w-]{1,255}$/), fc.nat({ max: 9_999_999_999 }), content, durations)
  .map(([generation, number, what, times]) => ({ generation, number, ...what, ...times }));
const key = fc.string({ minLength: 1 });

describe.each(CODECS)('%s', (_name, codec) => {
  test('decodes every entry that it encodes', () => {
    fc.assert(
      fc.property(key, stored, (at, written) => {
        expect(codec.decode(at, codec.encode(at, written))).toEqual(written);
      }),
    );
  });

  test('rejects an entry whose freshness exceeds its retention', () => {
    const written = {
      generation: 'g',
      number: 1,
      bytes: Buffer.from('1'),
      contentHash: 'abcdefghijklmno_',
      ageMs: 0,
    };
    const encoded = codec.encode('key', { ...written, freshMs: 60_001, retentionMs: 60_000 });
    expect(codec.decode('key', encoded)).toBeUndefined();
  });

  test('decodes arbitrary bytes to an entry or undefined, and never throws', () => {
    const anything = fc.uint8Array({ maxLength: 200 });
    // Inputs that begin like an entry pass the first checks.
    const begun = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 5), fc.constantFrom(0, 1, 2), anything);
    const any = fc.oneof(
      anything,
      begun.map(([version, kind, rest]) => [...Buffer.from('g:0000000001'), version, kind, ...rest]),
    );
    fc.assert(
      fc.property(key, any, (at, values) => {
        const decoded = codec.decode(at, Buffer.from(values));
        if (!decoded) return;
        expect(decoded.bytes.length).toBeGreaterThan(0);
        expect(decoded.freshMs).toBeLessThanOrEqual(decoded.retentionMs);
      }),
      { numRuns: 2000 },
    );
  });

  test('decodes a truncated entry to undefined or to a prefix of its bytes', () => {
    fc.assert(
      fc.property(stored, fc.nat(), (written, length) => {
        const encoded = codec.encode('key', written);
        expect(() => codec.decode('key', encoded.subarray(0, length % encoded.length))).not.toThrow();
      }),
    );
  });
});

describe('encrypted', () => {
  const codec = encryptedCodec(KEYS);

  test('rejects an entry with a flipped bit or a missing byte', () => {
    fc.assert(
      fc.property(stored, fc.nat(), fc.nat(7), (written, at, bit) => {
        const encoded = codec.encode('key', written);
        const cut = encoded.subarray(0, at % encoded.length);
        encoded[at % encoded.length]! ^= 1 << bit;
        expect(codec.decode('key', encoded)).toBeUndefined();
        expect(codec.decode('key', cut)).toBeUndefined();
      }),
    );
  });

  test('rejects an entry under another name, of another key, or without encryption', () => {
    fc.assert(
      fc.property(key, key, stored, (at, other, written) => {
        fc.pre(at !== other);
        const encoded = codec.encode(at, written);
        expect(codec.decode(other, encoded)).toBeUndefined();
        expect(encryptedCodec([randomBytes(32)]).decode(at, encoded)).toBeUndefined();
        expect(codec.decode(at, plainCodec.encode(at, written))).toBeUndefined();
        expect(plainCodec.decode(at, encoded)).toBeUndefined();
      }),
    );
  });

  test('encrypts with the first key, decrypts with all, and never repeats a ciphertext', () => {
    const [first, second] = KEYS;
    const written = {
      generation: 'g',
      number: 1,
      bytes: Buffer.from('{}'),
      contentHash: 'abcdefghijklmno_',
      ageMs: 1,
      freshMs: 2,
      retentionMs: 3,
    };
    const encoded = codec.encode('key', written);
    expect(encryptedCodec([first]).decode('key', encoded)).toEqual(written);
    expect(encryptedCodec([second]).decode('key', encoded)).toBeUndefined();
    expect(encryptedCodec([second, first]).decode('key', encoded)).toEqual(written);
    expect(codec.encode('key', written)).not.toEqual(encoded);
  });
});
