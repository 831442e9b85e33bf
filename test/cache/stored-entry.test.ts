import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { encryptedCodec, plainCodec, type EntryCodec } from '../../src/cache/stored-entry.ts';

const KEYS: [Buffer, Buffer] = [randomBytes(32), randomBytes(32)];
const CODECS: readonly (readonly [string, EntryCodec])[] = [
  ['plain', plainCodec],
  ['encrypted', encryptedCodec(KEYS)],
];

const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((array) => Buffer.from(array));
const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const stamped = fc.record({
  generation: fc.stringMatching(/^[\w-]{1,255}$/),
  entry: fc.oneof(
    fc.record({
      bytes,
      contentHash: fc.stringMatching(/^[\w-]{16}$/),
      fetchedAt: time,
      staleAt: time,
    }),
    fc.record({
      bytes: fc.constant('not-found' as const),
      contentHash: fc.constant(''),
      fetchedAt: time,
      staleAt: time,
    }),
  ),
});
const key = fc.string({ minLength: 1 });

describe.each(CODECS)('%s', (_name, codec) => {
  test('gives back whatever was written', () => {
    fc.assert(
      fc.property(key, stamped, (at, written) => {
        expect(codec.decode(at, codec.encode(at, written))).toEqual(written);
      }),
    );
  });

  test('makes of any bytes at all an entry or nothing, and never throws', () => {
    const anything = fc.uint8Array({ maxLength: 200 });
    // Those that begin as an entry does get further.
    const begun = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4), fc.constantFrom(0, 1, 2), anything);
    const any = fc.oneof(
      anything,
      begun.map(([version, kind, rest]) => [version, kind, ...rest]),
    );
    fc.assert(
      fc.property(key, any, (at, values) => {
        const decoded = codec.decode(at, Buffer.from(values));
        if (!decoded) return;
        expect(decoded.entry.bytes.length).toBeGreaterThan(0);
        expect([decoded.entry.fetchedAt, decoded.entry.staleAt].every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is cut short is never more than a shorter answer, and mostly nothing', () => {
    fc.assert(
      fc.property(stamped, fc.nat(), (written, length) => {
        const stored = codec.encode('key', written);
        expect(() => codec.decode('key', stored.subarray(0, length % stored.length))).not.toThrow();
      }),
    );
  });
});

describe('encrypted', () => {
  const codec = encryptedCodec(KEYS);

  test('one bit that is not as it was, or one byte that is missing, and it is nothing', () => {
    fc.assert(
      fc.property(stamped, fc.nat(), fc.nat(7), (written, at, bit) => {
        const stored = codec.encode('key', written);
        const cut = stored.subarray(0, at % stored.length);
        stored[at % stored.length]! ^= 1 << bit;
        expect(codec.decode('key', stored)).toBeUndefined();
        expect(codec.decode('key', cut)).toBeUndefined();
      }),
    );
  });

  test('under another name, with another key, or not encrypted, it is nothing', () => {
    fc.assert(
      fc.property(key, key, stamped, (at, other, written) => {
        fc.pre(at !== other);
        const stored = codec.encode(at, written);
        expect(codec.decode(other, stored)).toBeUndefined();
        expect(encryptedCodec([randomBytes(32)]).decode(at, stored)).toBeUndefined();
        expect(codec.decode(at, plainCodec.encode(at, written))).toBeUndefined();
        expect(plainCodec.decode(at, stored)).toBeUndefined();
      }),
    );
  });

  test('the first key encrypts and all decrypt; the same entry never looks the same', () => {
    const [first, second] = KEYS;
    const written = {
      generation: 'g',
      entry: { bytes: Buffer.from('{}'), contentHash: 'abcdefghijklmno_', fetchedAt: 1, staleAt: 2 },
    };
    const stored = codec.encode('key', written);
    expect(encryptedCodec([first]).decode('key', stored)).toEqual(written);
    expect(encryptedCodec([second]).decode('key', stored)).toBeUndefined();
    expect(encryptedCodec([second, first]).decode('key', stored)).toEqual(written);
    expect(codec.encode('key', written)).not.toEqual(stored);
  });
});
