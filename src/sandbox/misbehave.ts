import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { REDIRECT_TARGET, type Faults } from './faults.ts';
import type { SandboxResponse } from './messages.ts';
import type { World } from './world.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Sends the faulty response of one fault mode. */
export async function misbehave(
  mode: string,
  req: IncomingMessage,
  res: ServerResponse,
  response: SandboxResponse,
  { faults, world }: { readonly faults: Faults; readonly world: World },
): Promise<void> {
  const text = JSON.stringify(response.body);
  switch (mode) {
    case 'reset':
      req.socket.resetAndDestroy();
      return;
    case 'silent':
      return;
    case 'headers-then-silence':
      res.writeHead(200, { ...JSON_TYPE, 'Content-Length': Buffer.byteLength(text) }).flushHeaders();
      return;
    case 'slow-drip':
      res.writeHead(200, JSON_TYPE);
      for (const byte of Buffer.from(text)) {
        if (res.destroyed) return;
        res.write(Buffer.from([byte]));
        await sleep(faults.dripMs);
      }
      res.end();
      return;
    case 'truncated':
      // Sends half of the announced Content-Length, then closes the connection.
      res.writeHead(200, { ...JSON_TYPE, 'Content-Length': Buffer.byteLength(text) });
      res.write(text.slice(0, text.length / 2), () => req.socket.end());
      return;
    case 'malformed':
      res.writeHead(200, JSON_TYPE).end(text.slice(0, -20));
      return;
    case 'html':
      res
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end('<!DOCTYPE html><title>Maintenance</title><h1>Be right back</h1>');
      return;
    case 'huge':
      return sendHuge(res, faults.hugeBytes);
    case 'redirect':
      res.writeHead(302, { Location: REDIRECT_TARGET }).end();
      return;
    case 'http-500':
      res.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Internal Server Error</h1>');
      return;
    case 'http-429':
      res.writeHead(429, { ...JSON_TYPE, 'Retry-After': String(faults.retryAfterS) }).end('{}');
      return;
    case 'wrong-contact':
      res.writeHead(200, JSON_TYPE).end(otherContact(response, world));
      return;
    case 'wrong-types':
      res.writeHead(200, JSON_TYPE).end('{"status":"success","data":{"contact":"Jane Smith","notes":7}}');
      return;
    default:
      res.writeHead(200, JSON_TYPE).end('{"data":["Quota of the moon exceeded"],"status":"error"}');
  }
}

/** Sends a JSON body of this many bytes, with backpressure. Stops when the client disconnects. */
async function sendHuge(res: ServerResponse, bytes: number): Promise<void> {
  res.writeHead(200, JSON_TYPE);
  res.write('{"status":"success","data":{"contact":{"contact_name":"');
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let sent = 0; sent < bytes && !res.destroyed; sent += chunk.length) {
    if (!res.write(chunk)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
  }
  res.end('"}}}');
}

function otherContact(response: SandboxResponse, world: World): string {
  const requested = (response.body as { data?: { contact?: { contact_id?: string } } }).data?.contact
    ?.contact_id;
  const other = [...world.contacts.values()].find((record) => record.contact['contact_id'] !== requested)!;
  const data = { notes: null, entity: null, signals: null, contact_profile: null };
  return JSON.stringify({
    data: { ...data, ...(response.body as { data: object }).data, contact: other.contact },
    status: 'success',
  });
}
