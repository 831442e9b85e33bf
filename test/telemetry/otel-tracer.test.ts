import { createLog, silentLog } from '../../src/telemetry/log.ts';
import { createTracer } from '../../src/telemetry/otel-tracer.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';

const SETTINGS = { sampler: 'always_on', ratio: 1, scheduleDelayMs: 600_000 };
/** Variables that the SDK reads by itself. */
const NAMES = [
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_LOG_LEVEL',
  'OTEL_TRACES_EXPORTER',
  'OTEL_PROPAGATORS',
  'OTEL_BSP_MAX_QUEUE_SIZE',
  'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  'OTEL_BSP_EXPORT_TIMEOUT',
  'OTEL_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
  ...['ENDPOINT', 'HEADERS', 'TIMEOUT', 'PROTOCOL', 'COMPRESSION', 'CERTIFICATE', 'CLIENT_KEY'].flatMap(
    (name) => [`OTEL_EXPORTER_OTLP_${name}`, `OTEL_EXPORTER_OTLP_TRACES_${name}`],
  ),
  'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
];
const VALUES = [
  ' ',
  '0',
  '-1',
  '1e999',
  '10s',
  'NaN',
  'true',
  'none',
  'grpc',
  'zstd',
  '%',
  '%E0%A4%A',
  '=',
  ',,,',
  'a=b=c,=,d',
  'no equals sign, a=b c%,=',
  'authorization: Bearer x\ny',
  'x-header=a\u0001b',
  'bad header=1',
  'a=\u{1f600}',
  'collector:4318',
  'http://',
  'http://[::1',
  'ftp://127.0.0.1/',
  'http://user:%@127.0.0.1:1/',
  'https://127.0.0.1:1',
  'unix:///var/run/otel.sock',
  '/no/such/file',
  '/dev/null',
  'a'.repeat(20_000),
];

let receiver: OtlpReceiver;
const before = { ...process.env };
beforeAll(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => {
  for (const name of NAMES) delete process.env[name];
  Object.assign(process.env, before);
});
afterAll(() => receiver.stop());

test.each(NAMES)('invalid values of %s do not make tracing throw, at startup or later', async (name) => {
  const unhandled: unknown[] = [];
  const record = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', record);
  try {
    for (const value of VALUES) {
      process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
      // Bounds the retries, which would otherwise outlive the test.
      process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '200';
      process.env[name] = value;
      const tracer = createTracer(SETTINGS, silentLog());
      const span = tracer.start({ name: 'span', kind: 'server' }, undefined);
      span.set({ key: 'value' });
      span.end();
      await tracer.close(200);
    }
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', record);
  }
});

/** Exports a span, and returns what was logged. */
async function exportSpan(env: Readonly<Record<string, string>>): Promise<string[]> {
  const lines: string[] = [];
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  const tracer = createTracer(
    SETTINGS,
    createLog({ level: 'trace' }, { write: (line) => void lines.push(line) }),
  );
  tracer.start({ name: 'span', kind: 'server' }, undefined).end();
  await tracer.close(1000);
  return lines;
}

test('logs that a collector has rejected spans, without its text', async () => {
  receiver.answerBody({ partialSuccess: { rejectedSpans: 1, errorMessage: 'said by the collector' } });
  const lines = await exportSpan({});
  receiver.answerBody({});
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { times: 1, msg: 'OpenTelemetry reported a fault, spans may be missing' },
  ]);
  expect(lines.join('')).not.toContain('said by');
});

test.each([
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s'],
])('logs the name of %s if its value is ignored, without the value', async (name, value) => {
  const lines = await exportSpan({ [name]: value });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { variables: [name], msg: 'OpenTelemetry values not supported, ignored' },
  ]);
  expect(lines.join('')).not.toContain(value);
});

test('logs that the last spans were not sent in time', async () => {
  const lines: string[] = [];
  const hanging = await startOtlpReceiver();
  hanging.hang();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = hanging.url;
  const tracer = createTracer(
    SETTINGS,
    createLog({ level: 'trace' }, { write: (line) => void lines.push(line) }),
  );
  tracer.start({ name: 'span', kind: 'server' }, undefined).end();
  await tracer.close(50);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'the last traces could not be exported in time' },
  ]);
  await hanging.stop();
});
