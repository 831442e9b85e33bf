import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  /** 2 if the span failed. */
  readonly status: number | undefined;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: () => readonly ReceivedSpan[];
  /** Returns all received bodies as text, resources included. */
  readonly text: () => string;
  /** Responds with this status to all further requests. */
  answerWith(status: number): void;
  /** Responds with this body to all further requests, instead of `{}`. */
  answerBody(body: object): void;
  /** Leaves all further requests without a response. */
  hang(): void;
  stop(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}
interface RawSpan extends Omit<ReceivedSpan, 'attributes' | 'status'> {
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code?: number };
}
interface Export {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

/** Starts a collector that accepts OTLP over HTTP in JSON and records the spans. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let text = '';
  let status = 200;
  let responseBody: object = {};
  let hanging = false;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      if (hanging) return;
      const body = Buffer.concat(chunks).toString('utf8');
      if (status === 200) {
        text += `${request.method} ${request.url}\n${body}\n`;
        spans.push(...spansIn(JSON.parse(body) as Export));
      }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(responseBody));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    text: () => text,
    answerWith: (next) => void (status = next),
    answerBody: (next) => void (responseBody = next),
    hang: () => void (hanging = true),
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function spansIn({ resourceSpans }: Export): ReceivedSpan[] {
  const raw = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  return raw.map(({ traceId, spanId, parentSpanId, name, kind, status, attributes }) => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    status: status?.code,
    attributes: Object.fromEntries(
      attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '?']),
    ),
  }));
}
