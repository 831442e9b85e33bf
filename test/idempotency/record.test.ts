import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { encryptedCodec, plainCodec } from '../../src/cache/stored-entry.ts';
import { recordCodec, type RecordContents } from '../../src/idempotency/record.ts';
import { parseJson } from '../../src/lib/json.ts';

const codecs = [
  ['plain', recordCodec(plainCodec)],
  ['encrypted', recordCodec(encryptedCodec([randomBytes(32)]))],
] as const;
const full: RecordContents = {
  fingerprint: 'fingerprint',
  prepared: { ids: ['note-1'] },
  result: { status: 201, headers: ['Location', '/contacts/1'], value: { data: { content: 'secret' } } },
};

describe.each(codecs)('%s', (name, codec) => {
  test.each([
    ['a claim', { fingerprint: 'f' }],
    ['a record with a result', full],
  ])('decodes %s', (_what, contents) => {
    expect(codec.decode('key', codec.encode('key', contents))).toEqual(contents);
  });

  test('repeats every body byte for byte', () => {
    const texts = ['{"id":12345678901234567890,"n":1.0,"e":1e400}', '{"2":1,"1":{"__proto__":[]}}'];
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(...texts.map(parseJson)));
    fc.assert(
      fc.property(values, (value) => {
        const contents = { ...full, result: { ...full.result!, value: value as never } };
        const decoded = codec.decode('key', codec.encode('key', contents))!;
        expect(JSON.stringify(decoded.result!.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  test('decodes arbitrary bytes to undefined, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codec.decode('key', Buffer.from(bytes))).toBeUndefined();
      }),
    );
  });

  test('rejects an entry of the cache', () => {
    const [entries, key] = [name === 'plain' ? plainCodec : encryptedCodec([randomBytes(32)]), 'key'];
    const times = { ageMs: 0, freshMs: 1, retentionMs: 1 };
    for (const bytes of [Buffer.from('{"data":1}'), Buffer.from('null'), Buffer.from('no JSON')])
      expect(
        codec.decode(
          key,
          entries.encode(key, { generation: 'g', number: 1, contentHash: '', bytes, ...times }),
        ),
      ).toBeUndefined();
  });
});

test('hides everything and binds a record to its key if encryption keys are set', () => {
  const codec = codecs[1][1];
  const stored = codec.encode('key', full);
  for (const text of ['fingerprint', 'note-1', 'secret', 'Location'])
    expect(stored.includes(text)).toBe(false);
  expect(codec.decode('other key', stored)).toBeUndefined();
});
