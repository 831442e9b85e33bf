import type { TraceContext } from './trace-context.ts';

export type Attributes = Readonly<Record<string, string | number>>;

/** What is known of a span as it begins. Names and values are few, and none is a caller's or a contact's. */
export interface SpanSettings {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: Attributes;
}

export interface Span {
  readonly context: TraceContext;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** Marks the span as failed, by a code; the first one counts. */
  fail(errorType: string): void;
  end(): void;
}

export interface Tracer {
  start(settings: SpanSettings, parent: TraceContext | undefined): Span;
  /** Sends what has not been sent, for at most `ms`. Never rejects. */
  close(ms: number): Promise<void>;
}

export interface TracingSettings {
  readonly sampler: string;
  /** The share of traces that a sampler by ratio keeps, from 0 to 1. */
  readonly ratio: number;
  readonly scheduleDelayMs: number;
}
