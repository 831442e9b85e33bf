import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../support/certificates.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import type { ConnectProxy } from '../support/connect-proxy.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const EGRESS = '127.0.0.2';

describe('EGRESS_LOCAL_ADDRESS', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ EGRESS_LOCAL_ADDRESS: EGRESS }, { SANDBOX_ALLOWED_IPS: EGRESS });
  });
  afterAll(() => world?.stop());

  test('is the source address of every upstream connection', async () => {
    const ids = Array.from({ length: 10 }, () => world.freshContact());
    const answers = await Promise.all(ids.map((id) => world.get(`/contacts/${id}?include=notes`)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    const peers = (await world.sandbox.calls()).map((call) => call.peer.replace('::ffff:', ''));
    expect(new Set(peers)).toEqual(new Set([EGRESS]));
  });
});

describe('egress addresses that do not work', () => {
  test('returns UPSTREAM_EGRESS_REJECTED without details when the address is not on the allow list', async () => {
    const world = await startWorld({}, { SANDBOX_ALLOWED_IPS: EGRESS });
    try {
      const answer = await world.get(`/contacts/${world.freshContact()}`);
      expectProblem(answer, 502, 'UPSTREAM_EGRESS_REJECTED');
      expect(answer.text).not.toMatch(/127\.0\.0|whitelist/i);
    } finally {
      await world.stop();
    }
  });

  test('makes no upstream call when this machine does not have the address', async () => {
    const world = await startWorld({ EGRESS_LOCAL_ADDRESS: '192.0.2.1', UPSTREAM_TIMEOUT_MS: '800' });
    try {
      const answer = await world.get(`/contacts/${world.freshContact()}`);
      expectProblem(answer, 503, 'UPSTREAM_UNAVAILABLE');
      expect(await world.sandbox.calls()).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});

describe('EGRESS_PROXY_URL', () => {
  let proxy: ConnectProxy;
  let world: World;
  beforeAll(async () => {
    proxy = await startConnectProxy();
    world = await startWorld({ EGRESS_PROXY_URL: proxy.url, UPSTREAM_TIMEOUT_MS: '1000' });
  });
  afterAll(async () => {
    await world?.stop();
    await proxy?.stop();
  });

  test('tunnels every call and reuses tunnels', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
    }
    expect(proxy.plain).toEqual([]);
    expect(new Set(proxy.tunnels)).toEqual(new Set([`127.0.0.1:${world.sandbox.port}`]));
    expect(proxy.tunnels.length).toBeLessThan(5);
    expect(await world.sandbox.calls()).toHaveLength(5);
  });

  test('is never bypassed when it refuses the tunnel', async () => {
    const before = (await world.sandbox.calls()).length;
    proxy.refuse();
    const answer = await world.get(`/contacts/${world.freshContact()}`);
    expect([502, 503]).toContain(answer.status);
    expect(answer.json().code).toMatch(/^UPSTREAM_/);
    expect(await world.sandbox.calls()).toHaveLength(before);
  });
});

describe('upstream redirects', () => {
  test('are not followed, so only the configured host receives the credentials', async () => {
    const world = await startWorld();
    try {
      const id = world.freshContact();
      await world.sandbox.setFaults({ mode: 'redirect', contactId: id });
      expectProblem(await world.get(`/contacts/${id}`), 502, 'UPSTREAM_BAD_RESPONSE');
      expect((await world.sandbox.calls()).every((call) => call.outcome !== 'success')).toBe(true);
    } finally {
      await world.stop();
    }
  });
});

test('fails at once, and does not connect again and again, if an https proxy has only HTTP/2', async () => {
  const certificates = makeCertificates({ altName: 'DNS:localhost' });
  const server = createSecureServer({
    key: readFileSync(certificates.key),
    cert: readFileSync(certificates.cert),
  });
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const world = await startWorld({
    EGRESS_PROXY_URL: `https://localhost:${port}`,
    NODE_EXTRA_CA_CERTS: certificates.ca,
  });
  try {
    expectProblem(await world.get(`/contacts/${world.freshContact()}`), 503, 'UPSTREAM_UNAVAILABLE');
    // One for each attempt.
    expect(connections).toBeGreaterThan(0);
    expect(connections).toBeLessThan(5);
  } finally {
    await world.stop();
    server.close();
    certificates.remove();
  }
});
