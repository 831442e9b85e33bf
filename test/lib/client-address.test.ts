import * as fc from 'fast-check';
import express from 'express';
import { clientAddress, normalizeAddress, type Trust } from '../../src/lib/client-address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1'],
  ['192.0.2.1:', '192.0.2.1'],
  ['192.0.2.1:_port', '192.0.2.1'],
  ['"192.0.2.1:4711"', '192.0.2.1'],
  ['[192.0.2.1]:4711', '192.0.2.1'],
  ['192.000.002.001', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:192.000.002.001', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:4711', '192.0.2.1'],
  ['::ffff:192.0.2.1:4711', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['"[2001:DB8::1]:4711"', '2001:db8::1'],
  ['2001:db8:0:0:0:0:0:1:4711', '2001:db8::1'],
  ['2001:db8::1:65000', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[fe80::1%25eth0]:4711', 'fe80::1'],
  ['::', '::'],
  ['::1', '::1'],
])('%s is %s', (node, address) => {
  expect(normalizeAddress(node)).toBe(address);
});

test.each([
  '',
  'unknown',
  '_hidden',
  '_hidden:4711',
  'for=192.0.2.1',
  'example.com',
  'localhost:80',
  '192.0.2',
  '192.0.2.1.5',
  '192.0.2.256',
  '192.0.2.1:80:80',
  '192.0.2.1%eth0',
  '0xc0.0.2.1',
  '3221225985',
  '[2001:db8::1',
  '[2001:db8::1]junk',
  '[]',
  '"',
  '""',
  '2001:db8::1::2',
  '2001:db8:::1',
  '::ffff:192.0.2.256',
  '{${print(1)}}',
  '1'.repeat(6000),
])('"%s" is not an address', (node) => {
  expect(normalizeAddress(node)).toBeUndefined();
});

test('normalizes any text to a canonical address or undefined, and never throws', () => {
  const pieces = fc.constantFrom(
    '::',
    ':',
    '.',
    '[',
    ']',
    '%',
    '"',
    'ffff',
    '0db8',
    '1',
    '255',
    '010',
    'x',
    ' ',
  );
  const text = fc.oneof(
    fc.string(),
    fc.ipV4(),
    fc.ipV6(),
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (node) => {
      const address = normalizeAddress(node);
      if (address !== undefined) expect(normalizeAddress(address)).toBe(address);
    }),
    { numRuns: 2000 },
  );
});

const hops =
  (count: number): Trust =>
  (_address, hop) =>
    hop < count;
const ranges = (...all: string[]) => express().set('trust proxy', all).get('trust proxy fn') as Trust;

test.each<[string, string | undefined, string, Trust, string]>([
  ['no trust', '192.0.2.9', '203.0.113.7', hops(0), '192.0.2.9'],
  ['no field', '::ffff:192.0.2.9', '', hops(1), '192.0.2.9'],
  ['one hop', '192.0.2.9', '203.0.113.7', hops(1), '203.0.113.7'],
  ['one hop, and a field that the client sent', '192.0.2.9', '10.0.0.1, 203.0.113.7', hops(1), '203.0.113.7'],
  ['two hops', '192.0.2.9', '198.51.100.1,203.0.113.7 , 192.0.2.8:80', hops(2), '203.0.113.7'],
  ['more hops than nodes', '192.0.2.9', '203.0.113.7', hops(3), '203.0.113.7'],
  ['empty elements', '192.0.2.9', ',, 203.0.113.7,\t, ,', hops(1), '203.0.113.7'],
  ['an unknown client', '192.0.2.9', 'unknown', hops(1), '192.0.2.9'],
  ['an unknown client behind two proxies', '192.0.2.9', 'unknown, 192.0.2.8', hops(2), '192.0.2.8'],
  ['an unknown proxy', '192.0.2.9', '203.0.113.7, unknown', hops(2), '203.0.113.7'],
  [
    'trusted addresses with ports',
    '10.0.0.1',
    '203.0.113.7:5, 10.1.2.3:80',
    ranges('10.0.0.0/8'),
    '203.0.113.7',
  ],
  [
    'trusted addresses, mapped',
    '::ffff:a00:1',
    '203.0.113.7, ::ffff:10.1.2.3',
    ranges('10.0.0.0/8'),
    '203.0.113.7',
  ],
  [
    'trusted IPv6 with a port',
    '::1',
    '203.0.113.7, [FC00::1]:80',
    ranges('loopback', 'uniquelocal'),
    '203.0.113.7',
  ],
  [
    'a node that is not trusted',
    '10.0.0.1',
    '192.0.2.1, 203.0.113.7:80, 10.0.0.2',
    ranges('10.0.0.0/8'),
    '203.0.113.7',
  ],
  ['an unknown node among trusted ranges', '10.0.0.1', '10.0.0.3, unknown', ranges('10.0.0.0/8'), '10.0.0.1'],
  ['a connection that is gone', undefined, 'unknown', hops(1), ''],
])('%s', (_name, remote, forwardedFor, trust, expected) => {
  expect(clientAddress(remote, forwardedFor, trust)).toBe(expected);
});

test('examines a bounded number of nodes in a long field', () => {
  let examined = 0;
  const trust: Trust = () => {
    examined += 1;
    return true;
  };
  expect(clientAddress('10.0.0.1', '10.0.0.2,'.repeat(10_000), trust)).toBe('10.0.0.2');
  expect(clientAddress('10.0.0.1', `${' ,'.repeat(100_000)}x${', '.repeat(100_000)}`, trust)).toBe(
    '10.0.0.1',
  );
  expect(examined).toBeLessThan(100);
});
