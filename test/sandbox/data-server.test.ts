import http from 'node:http';
import request from 'supertest';
import { FETCH_CONTACT, REQUEST, startSandboxServers } from '../support/sandbox-servers.ts';
import type { SandboxServers } from '../support/sandbox-servers.ts';
import type { Json } from '../support/http.ts';

const servers: SandboxServers[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));
async function started(env: Record<string, string> = {}): Promise<SandboxServers> {
  const server = await startSandboxServers(env);
  servers.push(server);
  return server;
}

let sandbox: SandboxServers;
beforeAll(async () => void (sandbox = await started()));

const failed = (message: string) => ({ data: [message], status: 'error' });
const MISSING_KEY = failed('Missing service instance');

describe('request method and body', () => {
  test.each(['get', 'head', 'put', 'patch', 'delete'] as const)('rejects %s with 405', async (method) => {
    const response = await request(sandbox.data)[method](FETCH_CONTACT);
    expect({ status: response.status, allow: response.headers['allow'] }).toEqual({
      status: 405,
      allow: 'POST',
    });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8'])(
    'accepts Content-Type %s as JSON',
    async (type) => {
      const body = JSON.stringify(REQUEST);
      const response = await request(sandbox.data).post(FETCH_CONTACT).set('Content-Type', type).send(body);
      expect(response.body.status).toBe('success');
    },
  );

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json-seq',
    'text/json',
  ])('treats a body of Content-Type %s as empty', async (type) => {
    const body = JSON.stringify(REQUEST);
    const response = await request(sandbox.data).post(FETCH_CONTACT).set('Content-Type', type).send(body);
    expect({ status: response.status, body: response.body }).toEqual({ status: 200, body: MISSING_KEY });
  });

  test.each([
    ['nothing', ''],
    ['cut JSON', '{"api_key":"sandbox-api-key"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"api_key"'],
    ['more than 256 KiB', JSON.stringify({ ...REQUEST, padding: 'x'.repeat(300_000) })],
  ])('%s is answered 200 with the envelope', async (_name, body) => {
    const response = await request(sandbox.data)
      .post(FETCH_CONTACT)
      .set('Content-Type', 'application/json')
      .send(body);
    expect({ status: response.status, body: response.body }).toEqual({ status: 200, body: MISSING_KEY });
  });

  test('ignores credentials in headers and in the query', async () => {
    const { api_key, developer_secret, ...rest } = REQUEST;
    const response = await request(sandbox.data)
      .post(`${FETCH_CONTACT}?api_key=${api_key}`)
      .set({ api_key, developer_secret, Authorization: `Bearer ${api_key}` })
      .send(rest);
    expect(response.body).toEqual(MISSING_KEY);
  });

  test.each(['/', '/apis/v2/public/crm', `${FETCH_CONTACT}/`, '/apis/v2/public/crm/fetchcontact'])(
    'returns 404 for the path %s',
    async (path) => expect((await request(sandbox.data).post(path).send(REQUEST)).status).toBe(404),
  );
});

/** Sends a POST from one of this machine's addresses. */
function postFrom(localAddress: string, port: number, body: object, headers = {}): Promise<Json> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: FETCH_CONTACT, method: 'POST', localAddress };
    const outgoing = http.request(
      { ...options, agent: false, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve(JSON.parse(text)));
      },
    );
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

describe('IP allowlist', () => {
  const REFUSED = failed('IP address not whitelisted');
  const FORWARDED = {
    'x-forwarded-for': '127.0.0.2',
    'x-real-ip': '127.0.0.2',
    forwarded: 'for=127.0.0.2',
    'client-ip': '127.0.0.2',
    'true-client-ip': '127.0.0.2',
  };

  test('checks the peer address and ignores forwarding headers', async () => {
    const { port, state } = await started({ SANDBOX_ALLOWED_IPS: '127.0.0.2' });
    expect((await postFrom('127.0.0.2', port, REQUEST)).status).toBe('success');
    expect(await postFrom('127.0.0.1', port, REQUEST)).toEqual(REFUSED);
    expect(await postFrom('127.0.0.1', port, REQUEST, FORWARDED)).toEqual(REFUSED);
    expect(await postFrom('127.0.0.3', port, REQUEST)).toEqual(REFUSED);
    const { calls } = state.calls.report();
    expect(calls.map(({ peer }) => peer)).toEqual(['127.0.0.2', '127.0.0.1', '127.0.0.1', '127.0.0.3']);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['success', ...Array(3).fill('IP_NOT_WHITELISTED')]);
  });

  test('accepts CIDR ranges', async () => {
    const { port } = await started({ SANDBOX_ALLOWED_IPS: '10.1.2.3, 127.0.0.4/30' });
    expect((await postFrom('127.0.0.7', port, REQUEST)).status).toBe('success');
    expect(await postFrom('127.0.0.8', port, REQUEST)).toEqual(REFUSED);
  });

  test('is checked after the credentials and before the ids', async () => {
    const { port } = await started({ SANDBOX_ALLOWED_IPS: '127.0.0.2' });
    const post = (change: object) => postFrom('127.0.0.1', port, { ...REQUEST, ...change });
    expect((await post({ developer_secret: 'zdk_wrong' })).data).toEqual(['Invalid developer_secret']);
    expect(await post({ contact_id: '' })).toEqual(REFUSED);
    const inactive = {
      api_key: 'sandbox-inactive-api-key',
      developer_secret: 'zdk_sandbox_inactive_secret',
    };
    expect(await post(inactive)).toEqual(REFUSED);
  });
});
