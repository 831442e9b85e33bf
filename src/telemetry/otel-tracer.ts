import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
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
const TELL_EVERY_MS = 60_000;
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/**
 * Spans by OpenTelemetry's SDK, sent in batches as OTLP over HTTP in JSON. The exporter reads the standard
 * variables `OTEL_EXPORTER_OTLP_…` itself; a queue that is full drops spans, and never holds up a request.
 */
export function openTracer(settings: TracingSettings, log: Log): Tracer {
  const exporter = reporting(new OTLPTraceExporter(), log);
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
      // That spans could not be sent has been told by the exporter.
      const sent = provider.shutdown().catch(() => {});
      const given = new AbortController();
      await Promise.race([sent, sleep(ms, undefined, { signal: given.signal }).catch(() => {})]);
      given.abort();
    },
  };
}

function startSpan(
  tracer: ReturnType<TracerProvider['getTracer']>,
  { name, kind, attributes = {} }: SpanSettings,
  parent: TraceContext | undefined,
): Span {
  const around = parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.flags,
        isRemote: parent.remote,
      })
    : ROOT_CONTEXT;
  const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, around);
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

/** `OTEL_TRACES_SAMPLER`, by the names of the specification. */
function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const root = sampler.endsWith('always_off')
    ? new AlwaysOffSampler()
    : sampler.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(ratio)
      : new AlwaysOnSampler();
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** Tells the log now and then that spans are lost; the exporter's message can quote its headers. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
  const tell = throttleLog(
    (times) =>
      log.warn(
        { times, advice: 'set OTEL_EXPORTER_OTLP_ENDPOINT to a collector that takes OTLP over HTTP' },
        'traces cannot be exported',
      ),
    { everyMs: TELL_EVERY_MS, now: () => performance.now() },
  );
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) tell();
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
