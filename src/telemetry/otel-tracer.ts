import { setTimeout as sleep } from 'node:timers/promises';
import { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { VERSION } from '../version.ts';
import type { Log } from './log.ts';
import { throttleLog } from '../lib/throttle-log.ts';
import type { TraceContext } from './trace-context.ts';
import type { Span, SpanSettings, Tracer, TracingSettings } from './span.ts';

const NAME = 'zyntro-bff';
const EXPORT_TIMEOUT_MS = 10_000;
const LOG_EVERY_MS = 60_000;
const EXPORT_ADVICE = 'set OTEL_EXPORTER_OTLP_ENDPOINT to a collector that takes OTLP over HTTP';
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/**
 * Creates a tracer that sends spans in batches as OTLP over HTTP in JSON. The exporter reads the standard
 * `OTEL_EXPORTER_OTLP_…` variables itself. A full queue drops spans and never delays a request.
 */
export function createTracer(settings: TracingSettings, log: Log): Tracer {
  logFaults(log);
  const exporter = logFailures(new OTLPTraceExporter(), log);
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': VERSION }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(settings),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        scheduledDelayMillis: settings.scheduleDelayMs,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer(NAME, VERSION);
  return {
    start: (span, parent) => startSpan(tracer, span, parent),
    async close(ms) {
      // `logFailures` has logged spans that could not be sent.
      const sent = provider.shutdown().catch(() => {});
      const timeout = new AbortController();
      const timedOut = sleep(ms, 'timed out', { signal: timeout.signal }).catch(() => {});
      if ((await Promise.race([sent, timedOut])) === 'timed out')
        log.warn({ advice: EXPORT_ADVICE }, 'the last traces could not be exported in time');
      timeout.abort();
    },
  };
}

function startSpan(
  tracer: ReturnType<TracerProvider['getTracer']>,
  { name, kind, attributes = {} }: SpanSettings,
  parent: TraceContext | undefined,
): Span {
  const parentContext = parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.flags,
        isRemote: parent.remote,
      })
    : ROOT_CONTEXT;
  const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parentContext);
  const { traceId, spanId, traceFlags } = span.spanContext();
  let failed = false;
  return {
    context: { traceId, spanId, flags: traceFlags, remote: false },
    rename: (next) => void span.updateName(next),
    set: (more) => void span.setAttributes(more),
    fail(errorType) {
      if (failed) return;
      failed = true;
      span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}

/** Returns the sampler for `OTEL_TRACES_SAMPLER`, by the names of the OpenTelemetry specification. */
function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const root = sampler.endsWith('always_off')
    ? new AlwaysOffSampler()
    : sampler.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler();
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** Logs lost spans, at most once a minute and without the exporter's message, which can quote its headers. */
function logFailures(exporter: SpanExporter, log: Log): SpanExporter {
  const logLostSpans = throttleLog(
    (times) => log.warn({ times, advice: EXPORT_ADVICE }, 'traces cannot be exported'),
    { everyMs: LOG_EVERY_MS, now: () => performance.now() },
  );
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) logLostSpans();
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/**
 * Logs what the SDK reports: values that it ignores, and spans that were dropped because the collector is slow, or
 * that it rejected. Logs the names of variables alone, because the text can quote their values.
 */
function logFaults(log: Log): void {
  const logFault = throttleLog(
    (times) =>
      log.warn(
        { times, advice: 'check the OTEL_ variables, and that the collector keeps up and accepts all spans' },
        'OpenTelemetry reported a fault, spans may be missing',
      ),
    { everyMs: LOG_EVERY_MS, now: () => performance.now() },
  );
  const report = (text: string): void => {
    const variables = text.match(/\bOTEL_[A-Z_]+/g);
    if (variables)
      log.warn({ variables: [...new Set(variables)] }, 'OpenTelemetry values not supported, ignored');
    else logFault();
  };
  diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

function ignore(): void {}
