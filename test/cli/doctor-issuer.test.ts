import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closedPort, type ClosedPort } from '../support/closed-port.ts';
import { newKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { runDoctor, withJwks } from '../support/run-doctor.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';

let sandbox: Sandbox;
let issuer: Issuer;
let closed: ClosedPort;
beforeAll(async () => {
  [sandbox, issuer, closed] = await Promise.all([startSandbox(), startIssuer(), closedPort()]);
});
afterAll(async () => {
  closed?.release();
  await Promise.all([sandbox?.stop(), issuer?.stop()]);
});
afterEach(() => {
  issuer.answerWith(undefined);
});

const datedBy =
  (seconds: number, more: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
    for (const [name, value] of Object.entries(more)) response.setHeader(name, value);
    response.end(JSON.stringify({ keys: [newKey('one').jwk] }));
  };
const readClock = async (handle: RequestListener) => {
  issuer.answerWith(handle);
  const diagnosis = await runDoctor(sandbox.url, withJwks(issuer));
  return { code: diagnosis.code, ...diagnosis.of(`clock against ${new URL(issuer.jwksUri).origin}`) };
};

async function standIn(handle: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('JWKS check', () => {
  test('fails if the key set cannot be fetched', async () => {
    const env = withJwks({ jwksUri: `http://127.0.0.1:${closed.port}/keys?tenant=acme` });
    const { code, of } = await runDoctor(sandbox.url, env);
    expect(code).toBe(1);
    expect(of('JWKS').detail).toMatch(/\/keys" cannot be fetched \(ECONNREFUSED\)$/);
  });

  test('gives the reason for each unusable key, with its kid truncated and escaped', async () => {
    const { jwk } = newKey('weird\u001b[31m\u202e');
    const { privateKey } = newKey(undefined);
    issuer.publish(
      { ...jwk, use: 'enc' },
      { ...privateKey.export({ format: 'jwk' }), kid: 'x'.repeat(200) },
      { kty: 'oct', k: 'c2VjcmV0LXNlY3JldA' },
    );
    const { code, of, output } = await runDoctor(sandbox.url, withJwks(issuer));
    expect(code).toBe(1);
    const { detail } = of('JWKS');
    expect(detail).toMatch(/^0 of 3 keys can be used; "weird\\u001b\[31m\\u202e" is for another use; /);
    expect(detail).toMatch(/"x{60}…" was published with its private half.*; a key without kid is symmetric$/);
    expect(output).not.toContain('c2VjcmV0');
    expect(output).not.toContain(String(privateKey.export({ format: 'jwk' }).d));
  });

  test.each([
    ['is not a key set', '{"keys":"none"}', /not a key set/],
    ['is an HTML page', '<html></html>', /cannot be fetched \(NO_JSON\)/],
  ])('fails if the document %s', async (_name, body, detail) => {
    issuer.answerWith((_request, response) => void response.end(body));
    const { code, of } = await runDoctor(sandbox.url, withJwks(issuer));
    expect(code).toBe(1);
    expect(of('JWKS').detail).toMatch(detail);
  });
});

describe('clock check', () => {
  test.each([
    // The time of the exchange is subtracted, which may be seconds on a busy machine.
    ['warns if the clock is 30 s behind', 30, 'warned', /at least (2\d|30)\.\d s behind/],
    ['warns if the clock is 30 s ahead', -30, 'warned', /at least (2\d|3[0-2])\.\d s ahead/],
    ['fails if the clock is an hour behind', 3600, 'failed', /at least 3(5[5-9]\d|600)\.\d s behind/],
  ])('%s', async (_name, seconds, status, detail) => {
    const found = await readClock(datedBy(seconds));
    expect(found).toMatchObject({ status, code: status === 'failed' ? 1 : 0 });
    expect(found.detail).toMatch(detail);
  });

  test('adds the Age of a cached response to its Date', async () => {
    expect(await readClock(datedBy(-600, { age: '600' }))).toMatchObject({ status: 'passed' });
  });

  test('reads the clock of the upstream, too', async () => {
    const { url, server } = await standIn((_request, response) => {
      response.setHeader('date', new Date(Date.now() + 86_400_000).toUTCString());
      response.end('{"status":"error","data":["Invalid API Key"]}');
    });
    try {
      const { of } = await runDoctor(url);
      expect(of(`clock against ${url}`).status).toBe('failed');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
