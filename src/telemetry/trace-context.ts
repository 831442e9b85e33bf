/** The position of a span in a trace (W3C Trace Context section 3.2). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits: the parent of new spans. */
  readonly spanId: string;
  readonly flags: number;
  /** Whether the span belongs to the calling service. */
  readonly remote: boolean;
}

const SAMPLED = 1;
/** Later versions may append fields; the fields of version 00 stay valid (section 3.2.4). */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Parses a `traceparent` header. Returns undefined if it is absent or malformed. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > 512) return undefined;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || (version === '00' && rest !== undefined)) return undefined;
  return { traceId, spanId: spanId!, flags: Number.parseInt(flags!, 16), remote: true };
}

/** Formats the `traceparent` header of an outgoing request. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled({ flags }) ? '01' : '00'}`;
}

export function isSampled({ flags }: Pick<TraceContext, 'flags'>): boolean {
  return (flags & SAMPLED) === SAMPLED;
}
