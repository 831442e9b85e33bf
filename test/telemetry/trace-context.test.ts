import { formatTraceparent, parseTraceparent } from '../../src/telemetry/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

test('a traceparent header survives parsing and formatting', () => {
  const context = parseTraceparent(GOOD);
  expect(context).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1, remote: true });
  expect(formatTraceparent(context!)).toBe(GOOD);
});

test('fields and flags of later traceparent versions are not forwarded', () => {
  const context = parseTraceparent(`cc-${TRACE}-${SPAN}-03-what-comes-later`);
  expect(formatTraceparent(context!)).toBe(GOOD);
});

test.each([
  ['absent', undefined],
  ['empty', ''],
  ['two values joined by Node', `${GOOD}, ${GOOD}`],
  ['in upper case', GOOD.toUpperCase()],
  ['with an all-zero trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['with an all-zero span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['of the invalid version ff', `ff-${TRACE}-${SPAN}-01`],
  ['of version 00 with extra fields', `${GOOD}-x`],
  ['of a later version without a separator before extra fields', `cc-${TRACE}-${SPAN}-01x`],
  ['too long', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(1000)}`],
  ['followed by a line end', `${GOOD}\n`],
])('parseTraceparent returns undefined for a header that is %s', (_name, header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
