import type { Server } from 'node:http';
import request from 'supertest';
import { buildApp } from '../support/build-app.ts';
import { loadConfig } from '../../src/config/index.ts';
import { createWorkerBus } from '../../src/cluster/worker-bus.ts';
import { Health } from '../../src/telemetry/health.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { REFERENCE_CONTACT } from '../support/directory.ts';
import { ORG, OWNER, startSandboxServers } from '../support/sandbox-servers.ts';
import { serverOf } from '../support/server-of.ts';
import type { SandboxServers } from '../support/sandbox-servers.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';
import { newMetrics } from '../support/metrics.ts';

const secret = newSecret();
const health = new Health(Date.now);
let sandbox: SandboxServers;
let app: ReturnType<typeof buildApp>;
let publicServer: Server;
let adminServer: Server;
beforeAll(async () => {
  sandbox = await startSandboxServers();
  const config = loadConfig(programEnv({ url: `http://127.0.0.1:${sandbox.port}` }, secret));
  app = buildApp({
    config,
    log: silentLog(),
    health,
    metrics: newMetrics(),
    workerBus: createWorkerBus(false),
  });
  publicServer = serverOf(app.publicApp);
  adminServer = serverOf(app.adminApp);
  health.enter('ready');
});
afterAll(async () => {
  await app?.close();
  await sandbox?.stop();
});

const CONTACT = `/contacts/${REFERENCE_CONTACT}`;
const get = (path: string, on = publicServer) =>
  request(on)
    .get(path)
    .set('Authorization', `Bearer ${sign(goodClaims(ORG, OWNER), secret)}`);

const PROBLEM = {
  type: expect.stringMatching(/^urn:problem:zyntro-bff:[a-z-]+$/),
  title: expect.any(String),
  detail: expect.any(String),
  requestId: expect.stringMatching(/^[\w.-]{1,128}$/),
};

test('returns a problem with only the documented members for an unknown path', async () => {
  const response = await request(publicServer).get('/nothing?token=hush').expect(404);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(response.text)).toEqual({
    ...PROBLEM,
    status: 404,
    code: 'ROUTE_NOT_FOUND',
    instance: '/nothing',
  });
});

test.each(['put', 'post', 'delete', 'options'] as const)(
  'returns 405 for %s on a contact',
  async (method) => {
    const response = await request(publicServer)[method](CONTACT).expect(405);
    expect(response.headers['allow']).toBe('GET, HEAD, PATCH');
    expect(JSON.parse(response.text)).toMatchObject({
      ...PROBLEM,
      code: 'METHOD_NOT_ALLOWED',
      instance: CONTACT,
    });
  },
);

test('accepts only POST on /invalidations of the admin port, which does not serve contacts', async () => {
  const response = await request(adminServer).get('/invalidations').expect(405);
  expect(response.headers['allow']).toBe('POST');
  await get(CONTACT, adminServer).expect(404);
  await request(publicServer).post('/invalidations').expect(404);
});

test.each([
  ['a success', () => get(CONTACT), 200],
  ['a 401', () => request(publicServer).get(CONTACT), 401],
  ['an unknown path', () => request(publicServer).get('/nothing'), 404],
  ['the health check', () => request(publicServer).get('/healthz'), 200],
  ['the admin port', () => request(adminServer).get('/readyz'), 200],
])("%s has helmet's headers for JSON and does not reveal Express", async (_name, send, status) => {
  const { headers } = await send().expect(status);
  expect(headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'strict-transport-security': expect.stringContaining('max-age='),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  expect(headers).not.toHaveProperty('x-frame-options');
  expect(headers).not.toHaveProperty('x-powered-by');
});

test('returns 304 without a body when If-None-Match matches', async () => {
  const first = await get(`${CONTACT}?include=notes`).set('Accept-Encoding', 'identity').expect(200);
  const etag = first.headers['etag']!;
  expect(etag).toMatch(/^"[\w-]+"$/);
  const again = await get(`${CONTACT}?include=notes`)
    .set('Accept-Encoding', 'identity')
    .set('If-None-Match', `"other", W/${etag}`)
    .expect(304);
  expect(again.text).toBe('');
  expect(again.headers).toMatchObject({
    etag,
    'cache-control': 'private, no-cache',
  });
  await get(`${CONTACT}?include=entity`).set('If-None-Match', etag).expect(200);
});

test('returns the headers of GET for HEAD, without the body', async () => {
  const token = sign(goodClaims(ORG, OWNER), secret);
  const whole = await get(CONTACT).set('Accept-Encoding', 'identity');
  const head = await request(publicServer)
    .head(CONTACT)
    .set({ Authorization: `Bearer ${token}`, 'Accept-Encoding': 'identity' })
    .expect(200);
  expect(head.headers['etag']).toBe(whole.headers['etag']);
  expect(head.headers['content-length']).toBe(String(Buffer.byteLength(whole.text)));
  expect(head.text ?? '').toBe('');
});

test('does not share cached parts between two applications in one process', async () => {
  const config = loadConfig(programEnv({ url: `http://127.0.0.1:${sandbox.port}` }, secret));
  const other = buildApp({
    config,
    log: silentLog(),
    health: new Health(Date.now),
    metrics: newMetrics(),
    workerBus: createWorkerBus(false),
  });
  try {
    await get(CONTACT).expect(200);
    const response = await get(CONTACT, serverOf(other.publicApp)).expect(200);
    expect(response.headers['cache-status']).toBe('zyntro-bff; fwd=miss; stored');
  } finally {
    await other.close();
  }
});

test('returns 503 from /readyz while draining, and 200 from /healthz', async () => {
  health.enter('draining');
  try {
    await request(publicServer).get('/readyz').expect(503);
    await request(publicServer).get('/healthz').expect(200);
  } finally {
    health.enter('ready');
  }
  await request(publicServer).get('/readyz').expect(200);
});
