import { publicConnections } from '../../src/http/descriptors.ts';

const wanted = { maxConnections: 10_000, maxUpstreamConnections: 32 };

test.each([
  [Number.MAX_SAFE_INTEGER, 10_000],
  [1_048_576, 10_000],
  [16_384, 10_000],
  [1024, 832],
  [256, 112],
  [64, 16],
])('with %d descriptors the public port may hold %d connections', (descriptors, expected) => {
  expect(publicConnections(wanted, descriptors)).toBe(expected);
});

test('upstream connections cannot take the share of clients', () => {
  expect(publicConnections({ ...wanted, maxUpstreamConnections: 10_000 }, 1024)).toBe(256);
});
