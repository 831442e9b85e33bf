import type { TraceContext } from './trace-context.ts';

export type Attributes = Readonly<Record<string, string | number>>;

/** The settings of a new span. Names and values have low cardinality and never hold data of callers or contacts. */
export interface SpanSettings {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: Attributes;
}

export interface Span {
  readonly context: TraceContext;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** Marks the span as failed with an error code. Later calls are no-ops. */
  fail(errorType: string): void;
  end(): void;
}

export interface Tracer {
  start(settings: SpanSettings, parent: TraceContext | undefined): Span;
  /** Sends the remaining spans, for at most `ms` milliseconds. Never rejects. */
  close(ms: number): Promise<void>;
}

export interface TracingSettings {
  readonly sampler: string;
  /** The fraction of traces that a ratio-based sampler keeps, from 0 to 1. */
  readonly ratio: number;
  readonly scheduleDelayMs: number;
}
