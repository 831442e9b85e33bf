import type { Span, SpanSettings, Tracer, TracingSettings } from './span.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import { isAppError } from '../errors.ts';
import { describeError, type Log } from './log.ts';
import { isSampled, type TraceContext } from './trace-context.ts';

const current = new AsyncLocalStorage<TraceContext>();
let tracer: Tracer | undefined;

export interface TracingOptions {
  /** Undefined if tracing is off. */
  readonly settings: TracingSettings | undefined;
  /** Names of variables whose values are not supported. */
  readonly ignored: readonly string[];
}

/**
 * Turns tracing on for the process if it is configured; otherwise OpenTelemetry's SDK is not loaded. If tracing
 * fails to start, logs the failure and continues without traces.
 *
 * @returns a function that sends the remaining spans, in at most the given number of milliseconds.
 */
export async function startTracing(
  { settings, ignored }: TracingOptions,
  log: Log,
): Promise<(ms: number) => Promise<void>> {
  if (ignored.length > 0) log.warn({ variables: ignored }, 'OpenTelemetry values not supported, ignored');
  if (!settings) return async () => {};
  try {
    const { createTracer } = await import('./otel-tracer.ts');
    const created = createTracer(settings, log);
    tracer = created;
    return (ms) => created.close(ms);
  } catch (error) {
    log.warn({ error: describeError(error) }, 'tracing failed to start, continuing without traces');
    return async () => {};
  }
}

/** Returns whether the running code belongs to a sampled trace. */
export function isTracing(): boolean {
  const parent = tracer && current.getStore();
  return parent !== undefined && isSampled(parent);
}

/** Returns the trace context of the running code, if any. */
export function currentTrace(): TraceContext | undefined {
  return current.getStore();
}

/** Calls `run` in a new span, which the caller ends. Only calls `run` if tracing is off. */
export function startSpan(
  settings: SpanSettings,
  parent: TraceContext | undefined,
  run: () => void,
): Span | undefined {
  const span = tracer?.start(settings, parent);
  const context = span?.context ?? parent;
  if (context) current.run(context, run);
  // A pipelined request runs in the context of the one before it.
  else if (current.getStore()) current.exit(run);
  else run();
  return span;
}

/**
 * Runs `work` in a child span of the current trace. Only calls `work` if tracing is off or the code does not
 * belong to a sampled trace.
 *
 * @param work receives its span, to add attributes or mark it as failed.
 */
export function traced<T>(
  settings: SpanSettings,
  work: (span: Pick<Span, 'set' | 'fail'>) => Promise<T>,
): Promise<T> {
  if (!isTracing()) return work(NO_SPAN);
  const span = tracer!.start(settings, current.getStore());
  return current.run(span.context, async () => {
    try {
      return await work(span);
    } catch (error) {
      // CONTACT_NOT_FOUND is a normal response.
      if (!isAppError(error, 'CONTACT_NOT_FOUND')) span.fail(isAppError(error) ? error.code : nameOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

const NO_SPAN = { set: () => {}, fail: () => {} };

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name.slice(0, 64) : typeof error;
}
