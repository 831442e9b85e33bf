import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { parsedLines } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { startProgram } from '../support/start-program.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
/** Refuses connections. */
const COLLECTOR = 'http://127.0.0.1:1';

describe('traceparent sent to the upstream', () => {
  let upstream: Server;
  let received: IncomingHttpHeaders[];
  beforeEach(async () => {
    received = [];
    upstream = createServer((request, response) => {
      received.push(request.headers);
      response.end('{"status":"error","data":["No such contact"]}');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
  });
  afterEach(() => {
    upstream.close();
    upstream.closeAllConnections();
  });

  async function headersSent(
    env: Record<string, string>,
    headers: Record<string, string>,
  ): Promise<IncomingHttpHeaders> {
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const secret = newSecret();
    const program = await startProgram({ ...programEnv({ url }, secret), ...env });
    try {
      const token = sign(goodClaims(randomUUID(), randomUUID()), secret);
      await exchange(`${program.url}/contacts/${randomUUID()}`, { token, headers });
      return received[0]!;
    } finally {
      await program.stop();
    }
  }

  const traceparent = `00-${TRACE}-${CALLER}-01`;

  test('with tracing on it has the same trace id and the span id of the call', async () => {
    const sent = await headersSent({ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, { traceparent });
    expect(sent['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(sent['traceparent']).not.toContain(CALLER);
  });

  test('with tracing off it is passed through if it is well-formed', async () => {
    const sent = await headersSent({}, { traceparent, tracestate: 'vendor=anything' });
    expect(sent['traceparent']).toBe(traceparent);
    expect(sent['tracestate']).toBeUndefined();
    received = [];
    expect((await headersSent({}, { traceparent: `${traceparent}-more` }))['traceparent']).toBeUndefined();
  });
});

/** Prints the URL of every loaded module. */
const LIST_MODULES = `--import=data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module';
   registerHooks({
     load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); },
   });`,
)}`;

describe('tracing modules', () => {
  test.each([
    ['not loaded without an endpoint', {}, false],
    [
      'not loaded with OTEL_SDK_DISABLED',
      { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: 'true' },
      false,
    ],
    ['loaded with an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, true],
  ])('are %s', async (_name, env, loaded) => {
    const settings = {
      ...programEnv({ url: 'http://127.0.0.1:9' }, newSecret()),
      ...env,
      NODE_OPTIONS: LIST_MODULES,
    };
    const program = await startProgram(settings);
    await program.stop();
    expect(program.stderr()).toContain('src/telemetry/tracing.ts');
    for (const name of ['telemetry/otel-tracer.ts', '@opentelemetry/sdk-trace', '@opentelemetry/exporter'])
      expect([name, program.stderr().includes(name)]).toEqual([name, loaded]);
  });
});

const requestNamed = (name: string, more = ''): string =>
  `GET /contacts/${randomUUID()} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${name}\r\n${more}\r\n`;

test('a pipelined request without traceparent does not get the trace of the one before it', async () => {
  const program = await startProgram(programEnv({ url: 'http://127.0.0.1:1' }, newSecret()));
  try {
    // More than are in progress at a time, so that the plain ones wait for the others.
    const traced = Array.from({ length: 16 }, (_, index) =>
      requestNamed(`traced-${index}`, `traceparent: 00-${TRACE}-${CALLER}-01\r\n`),
    );
    const plain = Array.from({ length: 24 }, (_, index) => requestNamed(`plain-${index}`));
    const socket = connect(program.port, '127.0.0.1');
    socket.end([...traced, ...plain].join(''));
    await text(socket);
  } finally {
    await program.stop();
  }
  const lines = parsedLines(program.stdout()).filter(({ msg }) => msg === 'request');
  const traces = (prefix: string) =>
    lines.filter(({ requestId }) => String(requestId).startsWith(prefix)).map(({ traceId }) => traceId);
  expect(traces('traced-')).toEqual(Array.from({ length: 16 }, () => TRACE));
  expect(traces('plain-')).toEqual(Array.from({ length: 24 }, () => undefined));
});
