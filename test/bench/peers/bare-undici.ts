import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { Pool } from 'undici';
import { API_KEY, DEVELOPER_SECRET } from '../../support/start-sandbox.ts';
import { FETCH_CONTACT, ORG, OWNER, UPDATE_FIELDS } from '../../support/sandbox-servers.ts';
import { announce, peer } from './peer.ts';

/**
 * The minimum cost of upstream calls: one request in, one request out, and the body forwarded verbatim. A PATCH
 * makes two calls, a read and a write, as the proxy does.
 */
const pool = new Pool(peer.upstreamUrl, { connections: 32 });
const fixed = { api_key: API_KEY, developer_secret: DEVELOPER_SECRET, org_id: ORG };

async function call(path: string, request: object): Promise<Buffer> {
  const { body } = await pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...fixed, ...request }),
  });
  return Buffer.from(await body.arrayBuffer());
}

async function answer(req: IncomingMessage): Promise<Buffer> {
  const contact = (req.url ?? '').slice('/contacts/'.length);
  const read = await call(FETCH_CONTACT, { member_id: OWNER, contact_id: contact });
  if (req.method !== 'PATCH') return read;
  const { contact: fields } = (await json(req)) as { contact: object };
  return call(UPDATE_FIELDS, { contact_id: contact, fields });
}

const server = createServer((req, res) => {
  answer(req).then(
    (bytes) => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
      res.end(bytes);
    },
    () => res.writeHead(502).end(),
  );
});
server.listen(0, '127.0.0.1', () => announce(server));
