import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../support/certificates.ts';
import { rawExchange } from '../support/http.ts';
import { startWorld, type World } from '../support/world.ts';

async function withWorld(env: Record<string, string>, use: (world: World) => Promise<void>): Promise<void> {
  const world = await startWorld(env);
  try {
    await use(world);
  } finally {
    await world.stop();
  }
}

test.each([
  [
    'Transfer-Encoding with Content-Length',
    'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
  ],
  ['two Content-Length', 'Content-Length: 0\r\nContent-Length: 4\r\n\r\n'],
  ['a header name with a space', 'X-Name : value\r\n\r\n'],
])('--insecure-http-parser does not make the server accept %s', (_what, rest) =>
  withWorld({ NODE_OPTIONS: '--insecure-http-parser' }, async ({ program }) => {
    const next = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const port of [program.port, program.adminPort]) {
      const text = await rawExchange(port, `GET /healthz HTTP/1.1\r\nHost: x\r\n${rest}${next}`);
      expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 400']);
    }
  }),
);

test.each([
  ['NODE_USE_ENV_PROXY', { NODE_USE_ENV_PROXY: '1' }],
  ['--use-env-proxy', { NODE_OPTIONS: '--use-env-proxy' }],
])('upstream and key-set requests do not use the proxy that %s enables', async (_what, option) => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  }).listen(0, '127.0.0.1');
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.destroy();
  });
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const variables = { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url };
  try {
    await withWorld({ ...variables, ...option }, async (world) => {
      expect((await world.get(`/contacts/${world.freshContact()}`)).status).toBe(200);
      expect(seen).toEqual([]);
    });
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not send credentials to a server without a valid certificate', async () => {
  const certificates = makeCertificates();
  let requests = 0;
  const tls = { cert: readFileSync(certificates.cert), key: readFileSync(certificates.key) };
  const server = createTlsServer(tls, (_req, res) => {
    requests += 1;
    res.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await withWorld({ NODE_TLS_REJECT_UNAUTHORIZED: '0', ZYNTRO_BASE_URL: origin }, async (world) => {
      const { status, body } = await world.get(`/contacts/${world.freshContact()}`);
      expect([status, (JSON.parse(body.toString()) as { code: string }).code]).toEqual([
        503,
        'UPSTREAM_UNAVAILABLE',
      ]);
      expect(requests).toBe(0);
    });
  } finally {
    server.close();
    server.closeAllConnections();
    certificates.remove();
  }
});
