import { formatTraceparent, parseTraceparent } from '../../src/telemetry/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

test('a header is read, and written as it was', () => {
  const context = parseTraceparent(GOOD);
  expect(context).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1, remote: true });
  expect(formatTraceparent(context!)).toBe(GOOD);
});

test('what a later version adds is not passed on', () => {
  const context = parseTraceparent(`cc-${TRACE}-${SPAN}-03-what-comes-later`);
  expect(formatTraceparent(context!)).toBe(GOOD);
});

test.each([
  ['absent', undefined],
  ['empty', ''],
  ['two of them, as Node joins them', `${GOOD}, ${GOOD}`],
  ['in capitals', GOOD.toUpperCase()],
  ['of no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['of no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['of the version that is none', `ff-${TRACE}-${SPAN}-01`],
  ['longer than its version has it', `${GOOD}-x`],
  ['of a later version, with its end run on', `cc-${TRACE}-${SPAN}-01x`],
  ['too long', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(1000)}`],
  ['with a line end', `${GOOD}\n`],
])('one that is %s says nothing', (_name, header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
