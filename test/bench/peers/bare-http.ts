import { createServer } from 'node:http';
import { announce, peer } from './peer.ts';

const body = peer.body();
const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length };
const server = createServer((_req, res) => {
  res.writeHead(200, headers);
  res.end(body);
});
server.listen(0, '127.0.0.1', () => announce(server));
