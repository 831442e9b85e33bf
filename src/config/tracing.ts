import { text } from './values/checks.ts';
import { readText } from './values/text.ts';
import { variable, type Values } from './variable.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];
/** The exporter sends JSON. A collector accepts both encodings at one HTTP endpoint. */
const PROTOCOLS = ['http/protobuf', 'http/json'];
const DEFAULT_SAMPLER = 'parentbased_always_on';
const DEFAULT_DELAY_MS = 5000;
const MAX_DELAY_MS = 600_000;

const variables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    'endpoint for traces, by OTLP over HTTP; no traces if not set',
    text,
    { kind: 'foreign' },
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: variable(
    'URL for traces alone, used as it is; overrides the variable above',
    text,
    { kind: 'foreign' },
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: variable(
    'protocol of exports, which are over HTTP; `grpc` is not supported',
    text,
    { kind: 'foreign', default: 'http/json' },
  ),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: variable(
    'protocol of traces alone; overrides the variable above',
    text,
    { kind: 'foreign' },
  ),
  OTEL_SDK_DISABLED: variable('`true` turns tracing off', text, { kind: 'foreign', default: 'false' }),
  OTEL_TRACES_SAMPLER: variable('sampler of traces, by its OpenTelemetry name', text, {
    kind: 'foreign',
    default: DEFAULT_SAMPLER,
  }),
  OTEL_TRACES_SAMPLER_ARG: variable('sampled share for a ratio sampler, from 0 to 1', text, {
    kind: 'foreign',
    default: '1',
  }),
  OTEL_BSP_SCHEDULE_DELAY: variable('milliseconds between two exports', text, {
    kind: 'foreign',
    default: String(DEFAULT_DELAY_MS),
  }),
};

/**
 * Reads the OpenTelemetry variables. Operators set them for programs in every language, so an unsupported value
 * is reported and ignored, as the OpenTelemetry specification requires. It never prevents the start.
 */
function build(values: Values<typeof variables>) {
  const ignored: string[] = [];
  const ignore = <T>(name: string, instead: T): T => {
    ignored.push(name);
    return instead;
  };

  const name = values.OTEL_TRACES_SAMPLER.toLowerCase();
  const sampler = SAMPLERS.includes(name) ? name : ignore('OTEL_TRACES_SAMPLER', DEFAULT_SAMPLER);
  const share = Number(values.OTEL_TRACES_SAMPLER_ARG);
  // The argument is a ratio only if the sampler uses a ratio.
  const byRatio = sampler.endsWith('traceidratio');
  const ratio = !byRatio || (share >= 0 && share <= 1) ? share : ignore('OTEL_TRACES_SAMPLER_ARG', 1);
  const delay = Number(values.OTEL_BSP_SCHEDULE_DELAY);
  const scheduleDelayMs =
    Number.isInteger(delay) && delay >= 1 && delay <= MAX_DELAY_MS
      ? delay
      : ignore('OTEL_BSP_SCHEDULE_DELAY', DEFAULT_DELAY_MS);

  const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ofTraces } = values;
  if (!PROTOCOLS.includes(ofTraces ?? protocol))
    ignored.push(`OTEL_EXPORTER_OTLP_${ofTraces === undefined ? '' : 'TRACES_'}PROTOCOL`);
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpointOfTraces } = values;
  const endpoint = endpointOfTraces ?? values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const disabled = values.OTEL_SDK_DISABLED.toLowerCase() === 'true';
  const usable =
    endpoint !== undefined &&
    (isHttpUrl(endpoint) ||
      ignore(`OTEL_EXPORTER_OTLP_${endpointOfTraces === undefined ? '' : 'TRACES_'}ENDPOINT`, false));
  return {
    tracing: {
      /** Undefined if tracing is off. */
      settings: usable && !disabled ? { sampler, ratio, scheduleDelayMs } : undefined,
      /** Names of the variables with unsupported values. */
      ignored,
    },
  };
}

function isHttpUrl(text: string): boolean {
  return 'text' in readText(text, 'word') && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

export const tracingSlice = {
  title: 'Tracing',
  introduction:
    'The export of traces, by the standard variables of OpenTelemetry. An unsupported value is ignored and named in a warning at startup.',
  prefixes: [],
  variables,
  files: [],
  build,
};
