/** Where in which trace something happens (W3C Trace Context section 3.2). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them: the span that what is begun now belongs to. */
  readonly spanId: string;
  readonly flags: number;
  /** Whether the span is somebody else's, who called. */
  readonly remote: boolean;
}

const SAMPLED = 1;
/** Versions to come may add fields; what is known of version 00 still counts (section 3.2.4). */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** What a `traceparent` header says, or undefined where it is absent or not well-formed. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > 512) return undefined;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || (version === '00' && rest !== undefined)) return undefined;
  return { traceId, spanId: spanId!, flags: Number.parseInt(flags!, 16), remote: true };
}

/** The `traceparent` that whoever is called next is given. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled({ flags }) ? '01' : '00'}`;
}

export function isSampled({ flags }: Pick<TraceContext, 'flags'>): boolean {
  return (flags & SAMPLED) === SAMPLED;
}
