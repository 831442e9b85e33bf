import { isOwnOrigin } from '../../src/lib/own-origin.ts';

test.each<[string, string | undefined, boolean]>([
  ['http://127.0.0.1:3001', '127.0.0.1:3001', true],
  ['http://localhost', 'localhost:80', true],
  ['https://bff.example', 'BFF.example:443', true],
  ['https://bff.example', 'bff.example', true],
  ['http://[::1]:3001', '[::1]:3001', true],
  ['http://127.0.0.1:3000', '127.0.0.1:3001', false],
  ['http://localhost:3001', '127.0.0.1:3001', false],
  ['https://evil.example', 'bff.example', false],
  ['https://bff.example.evil.example', 'bff.example', false],
  ['https://bff.example@evil.example', 'bff.example', false],
  ['https://bff.example/', 'bff.example', false],
  ['https://bff.example, https://evil.example', 'bff.example', false],
  ['null', 'null', false],
  ['', '', false],
  ['file://', '', false],
  ['chrome-extension://abc', 'abc', false],
  ['https://bff.example', undefined, false],
])('an Origin of %s with a Host of %s is own: %s', (origin, host, own) => {
  expect(isOwnOrigin(origin, host)).toBe(own);
});
