import { randomBytes, randomUUID } from 'node:crypto';
import { parsedLines } from '../support/child.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { startProgram, type Program } from '../support/start-program.ts';
import { API_KEY, DEVELOPER_SECRET } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { programEnv, startWorld, type World } from '../support/world.ts';
import { exchange } from '../support/http.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const FETCH = 'POST /apis/v2/public/crm/fetchContact';

let receiver: OtlpReceiver;
let redis: RedisServer;
let world: World;
beforeAll(async () => {
  [receiver, redis] = await Promise.all([startOtlpReceiver(), startRedis()]);
  world = await startWorld({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a-secret-of-the-collector',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    REDIS_URL: redis.url,
  });
});
afterAll(async () => {
  await world?.stop();
  await Promise.all([receiver?.stop(), redis?.stop()]);
});

/** The OTLP value of the span kind SERVER. */
const SERVER = 2;

/** Returns the spans of a trace after its server span, which ends last, has arrived. */
async function traceOf(traceId: string): Promise<readonly ReceivedSpan[]> {
  const ofTrace = () => receiver.spans().filter((span) => span.traceId === traceId);
  await waitFor('the spans', () => ofTrace().some(({ kind }) => kind === SERVER));
  return ofTrace();
}

const lineOf = (program: { stdout(): string }, requestId: string) =>
  waitFor('the log line', () =>
    parsedLines(program.stdout()).find(
      (line) => line['msg'] === 'request' && line['requestId'] === requestId,
    ),
  );

test('a request, its read, Redis and the upstream call continue the trace of the caller', async () => {
  const id = world.freshContact();
  const token = world.token();
  const [trace, requestId] = [randomBytes(16).toString('hex'), randomUUID()];
  // While Redis is too slow it is not queried, so Redis spans are missing.
  await waitFor('Redis to be healthy', async () => (await world.admin('/readyz')).json().status === 'ready');
  const answer = await world.get(`/contacts/${id}?include=notes&fields[contact]=email`, {
    token,
    headers: { traceparent: `00-${trace}-${CALLER}-01`, 'x-request-id': requestId },
  });
  expect(answer.status).toBe(200);
  const spans = await traceOf(trace);
  const one = (name: string): ReceivedSpan => {
    const found = spans.filter((span) => span.name === name);
    if (found.length !== 1) throw new Error(`${found.length} spans of ${name} in ${JSON.stringify(spans)}`);
    return found[0]!;
  };
  const request = one('GET /contacts/:id');
  expect(request).toMatchObject({
    parentSpanId: CALLER,
    kind: 2,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/contacts/:id',
      'http.response.status_code': 200,
    },
  });
  const read = one('contact.read');
  expect(read).toMatchObject({
    parentSpanId: request.spanId,
    attributes: { 'zyntro_bff.cache.result': 'miss' },
  });
  const scripts = spans.filter(({ name }) => name === 'EVALSHA');
  expect(scripts.length).toBeGreaterThanOrEqual(3);
  expect(scripts.find(({ parentSpanId }) => parentSpanId === read.spanId)).toMatchObject({
    kind: 3,
    attributes: { 'db.system.name': 'redis', 'db.operation.name': 'EVALSHA' },
  });
  expect(one(FETCH)).toMatchObject({
    parentSpanId: read.spanId,
    kind: 3,
    attributes: {
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': world.sandbox.port,
      'zyntro_bff.upstream.priority': 'caller',
    },
  });
  const ids = new Set([CALLER, ...spans.map(({ spanId }) => spanId)]);
  expect(spans.filter(({ parentSpanId }) => !ids.has(String(parentSpanId)))).toEqual([]);
  expect(await lineOf(world.program, requestId)).toMatchObject({ traceId: trace });

  const { contact, notes } = answer.json().data;
  const sensitive = [id, world.directory.orgs[0]!.id, world.directory.orgs[0]!.members[0]!, token, API_KEY];
  sensitive.push(
    DEVELOPER_SECRET,
    world.secret,
    contact.email,
    'subject-',
    requestId,
    'a-secret-of-the-collector',
  );
  for (const { content } of notes ?? []) sensitive.push(content);
  for (const value of sensitive) expect(receiver.text().toLowerCase()).not.toContain(value.toLowerCase());
  expect(receiver.text()).toMatch(/^POST \/v1\/traces$/m);
  expect(receiver.text()).toContain('"zyntro-bff"');
});

test('a request with a missing or malformed traceparent starts a new trace', async () => {
  const bad = [undefined, 'garbage', `00-${'0'.repeat(32)}-${CALLER}-01`, `ff-${TRACE}-${CALLER}-01`];
  const seen = new Set<unknown>();
  for (const [index, traceparent] of bad.entries()) {
    const headers = { 'x-request-id': `own-${index}`, ...(traceparent !== undefined && { traceparent }) };
    await world.get('/contacts/not-a-uuid', { headers });
    const traceId = String((await lineOf(world.program, `own-${index}`))['traceId']);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    seen.add(traceId);
    const root = (await traceOf(traceId)).find(({ kind }) => kind === SERVER);
    expect(root!.parentSpanId).toBeUndefined();
  }
  expect(seen.size).toBe(bad.length);
  expect(seen.has(TRACE)).toBe(false);
});

test('a failed call has an error span with its code, and a 404 does not', async () => {
  const id = world.freshContact();
  await world.sandbox.setFaults({ mode: 'error:USER_INACTIVE', contactId: id });
  const failed = 'a'.repeat(32);
  await world.get(`/contacts/${id}`, { headers: { traceparent: `00-${failed}-${CALLER}-01` } });
  await world.sandbox.clearFaults();
  const absent = 'd'.repeat(32);
  const nobody = '00000000-0000-4000-8000-000000000000';
  await world.get(`/contacts/${nobody}`, { headers: { traceparent: `00-${absent}-${CALLER}-01` } });
  const well = await traceOf(absent);
  expect(well.map(({ name }) => name)).toContain(FETCH);
  expect(well.filter(({ status }) => status === 2)).toEqual([]);

  const spans = await traceOf(failed);
  expect(spans.find(({ name }) => name === FETCH)).toMatchObject({
    status: 2,
    attributes: {
      'error.type': 'UPSTREAM_CREDENTIALS_REJECTED',
      'zyntro_bff.upstream.code': 'USER_INACTIVE',
    },
  });
  expect(spans.find(({ kind }) => kind === 2)).toMatchObject({
    status: 2,
    attributes: { 'http.response.status_code': 502, 'error.type': 'UPSTREAM_CREDENTIALS_REJECTED' },
  });
});

test('a request that the caller does not sample is not sampled', async () => {
  const unsampled = 'b'.repeat(32);
  await world.get(`/contacts/${world.freshContact()}`, {
    headers: { traceparent: `00-${unsampled}-${CALLER}-00` },
  });
  const after = 'c'.repeat(32);
  await world.get('/healthz', { headers: { traceparent: `00-${after}-${CALLER}-01` } });
  await traceOf(after);
  expect(receiver.text()).not.toContain(unsampled);
});

async function startWith(env: Record<string, string>): Promise<Program> {
  return startProgram({
    ...programEnv(world.sandbox, world.secret),
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    ...env,
  });
}
const get = (program: Program) =>
  exchange(`${program.url}/contacts/${world.freshContact()}`, { token: world.token() });
const warnings = (program: Program) =>
  parsedLines(program.stdout()).filter((line) => line['msg'] === 'traces cannot be exported');

test('unsupported OTEL values are reported at the start, and requests are served', async () => {
  const program = await startWith({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'xray',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization: Bearer x\ny',
    OTEL_RESOURCE_ATTRIBUTES: 'no equals sign, a=b c%,=',
  });
  expect((await get(program)).status).toBe(200);
  expect(parsedLines(program.stdout())).toContainEqual(
    expect.objectContaining({ level: 'warn', variables: ['OTEL_TRACES_SAMPLER'] }),
  );
  expect((await program.stop()).code).toBe(0);
});

describe('a collector that fails', () => {
  test('fails no request, is logged once and does not delay shutdown', async () => {
    const program = await startWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    for (let count = 0; count < 5; count += 1) expect((await get(program)).status).toBe(200);
    await waitFor('the warning', () => warnings(program).length > 0);
    expect((await get(program)).status).toBe(200);
    expect((await program.stop()).code).toBe(0);
    expect(warnings(program)).toHaveLength(1);
  });

  test('by hanging does not delay shutdown', async () => {
    const silent = await startOtlpReceiver();
    silent.hang();
    try {
      const program = await startWith({
        OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
        OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
      });
      expect((await get(program)).status).toBe(200);
      expect((await program.stop()).code).toBe(0);
    } finally {
      await silent.stop();
    }
  });
});

test('pending spans are exported during shutdown', async () => {
  const own = await startOtlpReceiver();
  try {
    const program = await startProgram({
      ...programEnv(world.sandbox, world.secret),
      OTEL_EXPORTER_OTLP_ENDPOINT: own.url,
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    });
    await exchange(`${program.url}/healthz`);
    expect(own.spans()).toEqual([]);
    expect((await program.stop()).code).toBe(0);
    expect(own.spans().map(({ name }) => name)).toEqual(['GET /healthz']);
  } finally {
    await own.stop();
  }
});
