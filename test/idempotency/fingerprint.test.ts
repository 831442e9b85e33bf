import * as fc from 'fast-check';
import { canonicalJson, fingerprintOf, recordKey } from '../../src/idempotency/fingerprint.ts';
import { parseJson, type Json } from '../../src/lib/json.ts';

const request = {
  caller: { issuer: 'https://id.example', subject: 'ann@example.org', org: 'org-1', member: 'ann' },
  method: 'POST',
  path: '/contacts/c-1/notes',
  key: 'key-1',
  body: { email: 'bob@example.org' },
};

test('reveals no personal data, and has one hash tag', () => {
  const key = recordKey(request);
  expect(key).toMatch(/^zbff:idempotency:1:\{[\w-]{43}\}$/);
  expect(fingerprintOf(request)).toMatch(/^[\w-]{43}$/);
});

test('does not confuse values that are equal when they are joined', () => {
  const { caller } = request;
  const keys = [
    recordKey({ ...request, caller: { ...caller, issuer: 'a', subject: 'b,c' } }),
    recordKey({ ...request, caller: { ...caller, issuer: 'a,b', subject: 'c' } }),
    recordKey({ ...request, path: '/a\n', key: 'b' }),
    recordKey({ ...request, path: '/a', key: '\nb' }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

// RFC 8785 section 3.2.3, the order of member names, and section 3.2.2.
test('sorts member names by UTF-16 code units', () => {
  const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
  const value = Object.fromEntries(names.map((name) => [name, 1]));
  const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
  expect(canonicalJson(value)).toBe(`{${sorted.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`);
});

test.each([
  ['{ "b": [1, {"d": null, "c": true}], "a": "\\u0041" }', '{"a":"A","b":[1,{"c":true,"d":null}]}'],
  ['[1e1, 1.50, -0, 333333333.33333329]', '[10,1.5,0,333333333.3333333]'],
  ['{"__proto__":1,"a":{}}', '{"__proto__":1,"a":{}}'],
])('serializes %s canonically', (text, canonical) => {
  expect(canonicalJson(JSON.parse(text) as Json)).toBe(canonical);
});

test('distinguishes integers that a double cannot', () => {
  const [one, other] = ['9007199254740992', '9007199254740993'].map((text) =>
    fingerprintOf({ ...request, body: parseJson(text) }),
  );
  expect(one).not.toBe(other);
});

test('does not depend on the order of members and white space, and only on those', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const shuffled = parseJson(JSON.stringify(reversed(one as Json), undefined, 2));
      expect(fingerprintOf({ ...request, body: shuffled })).toBe(
        fingerprintOf({ ...request, body: JSON.parse(JSON.stringify(one)) as Json }),
      );
      expect(canonicalJson(one as Json) === canonicalJson(other as Json)).toBe(isEqual(one, other));
    }),
  );
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return (value as Json[]).map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

function isEqual(one: unknown, other: unknown): boolean {
  try {
    expect(JSON.parse(JSON.stringify(one))).toEqual(JSON.parse(JSON.stringify(other)));
    return true;
  } catch {
    return false;
  }
}
