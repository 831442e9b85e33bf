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
 * Turns tracing on for the process if it is configured; OpenTelemetry's SDK is not loaded otherwise. A failure
 * is logged, and the program goes on without traces.
 *
 * @returns a function that sends the spans that are left, in at most so many milliseconds.
 */
export async function startTracing(
  { settings, ignored }: TracingOptions,
  log: Log,
): Promise<(ms: number) => Promise<void>> {
  if (ignored.length > 0) log.warn({ variables: ignored }, 'OpenTelemetry values not supported, ignored');
  if (!settings) return async () => {};
  try {
    const { openTracer } = await import('./otel-tracer.ts');
    const opened = openTracer(settings, log);
    tracer = opened;
    return (ms) => opened.close(ms);
  } catch (error) {
    log.warn({ error: describeError(error) }, 'tracing failed to start, going on without');
    return async () => {};
  }
}

/** Whether what runs now is part of a trace that is kept. */
export function isTracing(): boolean {
  const parent = tracer && current.getStore();
  return parent !== undefined && isSampled(parent);
}

/** The trace that the running code belongs to, where there is one. */
export function currentTrace(): TraceContext | undefined {
  return current.getStore();
}

/** A span that its owner ends, as the root of what `run` begins. Plain `run` where tracing is off. */
export function startSpan(
  settings: SpanSettings,
  parent: TraceContext | undefined,
  run: () => void,
): Span | undefined {
  const span = tracer?.start(settings, parent);
  const context = span?.context ?? parent;
  if (context) current.run(context, run);
  else run();
  return span;
}

/**
 * Work as a span of the trace that it belongs to: a plain call where tracing is off, and where there is none.
 *
 * @param work is given its span, to say more of it.
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
      // An answer like any other.
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
