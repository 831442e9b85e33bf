import { createServer } from 'node:http';
import { Pool } from 'undici';
import { API_KEY, DEVELOPER_SECRET } from '../../support/start-sandbox.ts';
import { FETCH_CONTACT, ORG, OWNER } from '../../support/sandbox-servers.ts';
import { announce, peer } from './peer.ts';

/** The minimum cost of an upstream call: one request in, one request out, and the body forwarded verbatim. */
const pool = new Pool(peer.upstreamUrl, { connections: 32 });
const fixed = { api_key: API_KEY, developer_secret: DEVELOPER_SECRET, org_id: ORG, member_id: OWNER };

async function answer(contact: string): Promise<Buffer> {
  const { body } = await pool.request({
    method: 'POST',
    path: FETCH_CONTACT,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...fixed, contact_id: contact }),
  });
  return Buffer.from(await body.arrayBuffer());
}

const server = createServer((req, res) => {
  answer((req.url ?? '').slice('/contacts/'.length)).then(
    (bytes) => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
      res.end(bytes);
    },
    () => res.writeHead(502).end(),
  );
});
server.listen(0, '127.0.0.1', () => announce(server));
