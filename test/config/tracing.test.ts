import { loadConfig } from '../../src/config/index.ts';
import { newSecret } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
const tracing = (env: Record<string, string>) =>
  loadConfig({ ...programEnv({ url: 'http://127.0.0.1:9' }, newSecret()), ...env }).tracing;

const DEFAULTS = { sampler: 'parentbased_always_on', scheduleDelayMs: 5000 };

test.each([
  ['OTEL_TRACES_SAMPLER', 'xray'],
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
  ['OTEL_TRACES_SAMPLER', 'ALWAYSON'],
  ['OTEL_BSP_SCHEDULE_DELAY', '0'],
  ['OTEL_BSP_SCHEDULE_DELAY', '5s'],
  ['OTEL_BSP_SCHEDULE_DELAY', '1e99'],
  ['OTEL_BSP_SCHEDULE_DELAY', '"5000"'],
  ['OTEL_TRACES_SAMPLER', '$(SAMPLER)'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
  ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'grpc'],
])('ignores %s=%s and reports the name', (name, value) => {
  expect(tracing({ ...ENDPOINT, [name]: value })).toMatchObject({ settings: DEFAULTS, ignored: [name] });
});

test.each(['2', '-0.1', 'NaN', 'null', 'endpoint=http://localhost:14250'])(
  'ignores OTEL_TRACES_SAMPLER_ARG=%s if the sampler takes a ratio',
  (arg) => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: arg };
    expect(tracing(env)).toMatchObject({
      settings: { sampler: 'traceidratio', ratio: 1 },
      ignored: ['OTEL_TRACES_SAMPLER_ARG'],
    });
  },
);

test('does not report the argument of an unsupported sampler as well', () => {
  const env = { OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_TRACES_SAMPLER_ARG: 'endpoint=http://x' };
  expect(tracing({ ...ENDPOINT, ...env }).ignored).toEqual(['OTEL_TRACES_SAMPLER']);
});

test('reads sampler names case-insensitively and ratios as numbers', () => {
  const env = { OTEL_TRACES_SAMPLER: 'ParentBased_TraceIdRatio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  expect(tracing({ ...ENDPOINT, ...env })).toEqual({
    settings: { sampler: 'parentbased_traceidratio', ratio: 0.25, scheduleDelayMs: 5000 },
    ignored: [],
  });
});

test('a blank value counts as not set', () => {
  expect(tracing({ ...ENDPOINT, OTEL_TRACES_SAMPLER: ' ' })).toMatchObject({
    settings: DEFAULTS,
    ignored: [],
  });
});

test.each([
  'collector:4318',
  'http://',
  '%',
  'ftp://collector',
  '"http://otel:4318"',
  'http://$(NODE_IP):4318',
])('turns tracing off and reports the name if the endpoint is %s', (endpoint) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  expect(tracing(env)).toEqual({ settings: undefined, ignored: ['OTEL_EXPORTER_OTLP_ENDPOINT'] });
  expect(tracing({ ...env, OTEL_SDK_DISABLED: 'true' }).settings).toBeUndefined();
});

test('the endpoint of traces turns tracing on alone, and overrides the other', () => {
  const own = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' };
  for (const env of [own, { ...own, OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }])
    expect(tracing(env)).toMatchObject({ settings: DEFAULTS, ignored: [] });
  expect(tracing({ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector:4318' })).toEqual({
    settings: undefined,
    ignored: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }],
])('accepts a protocol over HTTP: %j', (env) => {
  expect(tracing({ ...ENDPOINT, ...env }).ignored).toEqual([]);
});
