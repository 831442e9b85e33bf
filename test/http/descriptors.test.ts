import { publicConnections } from '../../src/http/descriptors.ts';

const wanted = { maxConnections: 10_000, maxUpstreamConnections: 32 };

test.each([
  [Number.MAX_SAFE_INTEGER, 10_000],
  [1_048_576, 10_000],
  [16_384, 10_000],
  [1024, 832],
  [256, 112],
  [64, 16],
])('with %d descriptors, allows %d connections on the public port', (descriptors, expected) => {
  expect(publicConnections(wanted, descriptors)).toBe(expected);
});

test('reserves a quarter of the descriptors for clients when upstream connections need them all', () => {
  expect(publicConnections({ ...wanted, maxUpstreamConnections: 10_000 }, 1024)).toBe(256);
});
