import type { Values } from './variables.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];
const DEFAULT_SAMPLER = 'parentbased_always_on';
const DEFAULT_DELAY_MS = 5000;
const MAX_DELAY_MS = 600_000;

/**
 * Reads the OpenTelemetry variables. Operators set them for programs in every language, so an unsupported value
 * is reported and ignored, as the OpenTelemetry specification requires. It never prevents the start.
 */
export function buildTracing(values: Values) {
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

  const endpoint = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const disabled = values.OTEL_SDK_DISABLED.toLowerCase() === 'true';
  const usable =
    endpoint !== undefined && (isHttpUrl(endpoint) || ignore('OTEL_EXPORTER_OTLP_ENDPOINT', false));
  return {
    /** Undefined if tracing is off. */
    settings: usable && !disabled ? { sampler, ratio, scheduleDelayMs } : undefined,
    /** Names of the variables with unsupported values. */
    ignored,
  };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
