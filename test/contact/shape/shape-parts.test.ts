import { isDeepStrictEqual } from 'node:util';
import {
  array,
  assert,
  constantFrom,
  jsonValue,
  oneof,
  property,
  string,
  stringMatching,
  tuple,
} from 'fast-check';
import { PART, PARTS } from '../../../src/contact/parts/index.ts';
import { emptyObject, parseJson, type Json } from '../../../src/lib/json.ts';
import { partShaper } from '../../../src/contact/shape/shape-parts.ts';

const shape = partShaper({ timezone: 'UTC' });
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test('converts flags, JSON in strings and times, and removes prefix and underscores from names', () => {
  const shapedContact = shape('contact', {
    contact_dnc: '0',
    contact_stageid: 'stage-uuid',
    contact_tags: '["a", "b"]',
    contact_custom_fields: '{"snake_case": {"x": "1"}}',
    contact_date_created: '2025-01-15 09:30:00',
    contact_email_verified: '1',
  });
  expect(plain(shapedContact)).toEqual({
    dnc: false,
    stageId: 'stage-uuid',
    tags: ['a', 'b'],
    customFields: { snake_case: { x: '1' } },
    dateCreated: '2025-01-15T09:30:00Z',
    emailVerified: true,
  });
});

test('passes unknown fields and values that do not parse through unchanged', () => {
  const shapedContact = shape('contact', {
    contact_dnc: 'maybe',
    contact_tags: '[broken',
    contact_custom_fields: '12',
    contact_date_created: '2025-02-30 09:30:00',
    contact_date_updated: '0000-00-00 00:00:00',
    contact_email: null,
    contact_favourite_colour: '1',
    plain_name: { inner_name: 1 },
  });
  expect(plain(shapedContact)).toEqual({
    dnc: 'maybe',
    tags: '[broken',
    customFields: '12',
    dateCreated: '2025-02-30 09:30:00',
    dateUpdated: '0000-00-00 00:00:00',
    email: null,
    favouriteColour: '1',
    plainName: { inner_name: 1 },
  });
});

test('fields whose names collide are all kept, and known fields get their name first', () => {
  const shapedContact = shape('contact', { name: 'stranger', contact_name: 'known', contact_Name: 'other' });
  expect(plain(shapedContact)).toEqual({ name_: 'stranger', name: 'known', Name: 'other' });
  const clash = shape('contact', { a_b: '1', aB: '2', contact_a_b: '3', contactAB: '4' });
  expect(new Set(Object.values(plain(clash) as object))).toEqual(new Set(['1', '2', '3', '4']));
  expect(Object.keys(plain(clash) as object)).toHaveLength(4);
});

test('names with a meaning in JavaScript, such as __proto__, are plain field names', () => {
  const raw = parseJson('{"__proto__": "p", "constructor": "c", "contact_to_string": "t", "toString": "s"}');
  const text = JSON.stringify(shape('contact', raw));
  expect(text).toContain('"__proto__":"p"');
  expect(text).toContain('"constructor":"c"');
  expect(text).toContain('"t"');
  expect(text).toContain('"s"');
});

test('numbers with more digits than a double keep every digit', () => {
  const raw = parseJson('{"contact_id": "x", "big": 12345678901234567890, "tiny": 1e-400, "usual": 1.5}');
  expect(JSON.stringify(shape('contact', raw))).toBe(
    '{"id":"x","big":12345678901234567890,"tiny":1e-400,"usual":1.5}',
  );
  expect(JSON.stringify(shape('contact', { contact_custom_fields: '{"id": 9007199254740993}' }))).toContain(
    '9007199254740993',
  );
});

test('profile and signals get camelCase names at every depth and unchanged values', () => {
  const raw = { job_title: '1', nested_object: [{ inner_name: '{"a_b":1}' }], contact_x: '0' };
  expect(plain(shape('profile', raw))).toEqual({
    jobTitle: '1',
    nestedObject: [{ innerName: '{"a_b":1}' }],
    contactX: '0',
  });
});

test('null stays null in every part', () => {
  for (const part of PARTS) expect(shape(part, null)).toBeNull();
});

const knownNames = PARTS.flatMap((part) => Object.keys(PART[part].table?.fields ?? {}));
const value = oneof(
  jsonValue(),
  constantFrom<Json>('0', '1', '[]', '{}', '{"a":[1]}', '2025-01-15 09:30:00', '2025-13-01 00:00:00', ''),
  string({ unit: 'binary' }),
);
const fieldName = oneof(
  constantFrom(...knownNames),
  stringMatching(/^(contact_|entity_|note_)?[a-z_A-Z0-9]{0,12}$/),
  constantFrom('__proto__', 'constructor', 'contact_', '', 'contact_contact_name'),
  string(),
);

/** Returns whether `shapedValue` is `raw` or a reversible conversion of it. */
function isConversionOf(shapedValue: unknown, raw: unknown): boolean {
  if (JSON.stringify(shapedValue) === JSON.stringify(raw)) return true;
  if (typeof shapedValue === 'boolean') return String(Number(shapedValue)) === String(raw);
  if (typeof shapedValue === 'object') return isJsonOf(raw, shapedValue);
  return typeof raw === 'string' && shapedValue === `${raw.replace(' ', 'T')}Z`;
}

function isJsonOf(raw: unknown, shapedValue: unknown): boolean {
  if (typeof raw !== 'string') return false;
  try {
    return JSON.stringify(JSON.parse(raw)) === JSON.stringify(shapedValue);
  } catch {
    return false;
  }
}

test('keeps the number of arbitrary upstream fields, and every value stays recoverable', () => {
  assert(
    property(
      constantFrom('contact' as const, 'entity' as const),
      array(tuple(fieldName, value)),
      (part, pairs) => {
        const raw = emptyObject();
        for (const [name, one] of pairs) raw[name] = one as Json;
        const shapedPart = JSON.parse(JSON.stringify(shape(part, raw))) as Record<string, unknown>;
        const before = Object.values(JSON.parse(JSON.stringify(raw)) as object) as unknown[];
        const after = Object.values(shapedPart);
        expect(after).toHaveLength(before.length);
        const unmatched = [...after];
        // Match unchanged values first, so that a text "1" does not match the flag of another field.
        const changed = before.filter((one) => {
          const at = unmatched.findIndex((candidate) => isDeepStrictEqual(candidate, one));
          if (at >= 0) unmatched.splice(at, 1);
          return at < 0;
        });
        for (const one of changed) {
          const at = unmatched.findIndex((candidate) => isConversionOf(candidate, one));
          expect(at).toBeGreaterThanOrEqual(0);
          unmatched.splice(at, 1);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
