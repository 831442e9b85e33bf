import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call-log.ts';
import { fetchContact, fetchIdentifiers, failure, type Body, type UpstreamCode } from './fetch-contact.ts';
import { REDIRECT_TARGET } from './faults.ts';
import { misbehave } from './misbehave.ts';
import { readJsonObject } from './read-body.ts';
import { send } from './send.ts';
import type { SandboxState } from './state.ts';

const FETCH_CONTACT = '/apis/v2/public/crm/fetchContact';
const FETCH_IDENTIFIERS = '/apis/v2/public/developers/fetchIdentifiers';

/** Creates the server that stands in for the upstream's API. */
export function dataServer(state: SandboxState): Server {
  return createServer((req, res) => {
    // A client that disconnects early is normal and not reported.
    handle(req, res, state).catch(() => res.destroy());
  });
}

async function handle(req: IncomingMessage, res: ServerResponse, state: SandboxState): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0];
  const isJson = /^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '');
  const body: Body = (await readJsonObject(req)) ?? {};
  const peer = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (path === REDIRECT_TARGET) {
    state.calls.add('redirect-target', body, peer).outcome = 'success';
    res.once('close', () => state.calls.ended());
    return send(res, fetchContact(body, peer, state.world));
  }
  const operation =
    path === FETCH_CONTACT ? fetchContact : path === FETCH_IDENTIFIERS ? fetchIdentifiers : undefined;
  if (!operation) return sendHtml(res, 404, 'Not Found');
  if (req.method !== 'POST') return sendHtml(res, 405, 'Method Not Allowed', { Allow: 'POST' });

  const call = state.calls.add(operation.name, body, peer);
  res.once('close', () => state.calls.ended());
  // Read before the delay: a slow response has the data of the time when the call arrived.
  const response = operation(isJson ? body : {}, peer, state.world);
  const mode = await applyDelay(body, call, state);
  if (mode === 'none') {
    call.outcome = response.outcome;
    return send(res, response);
  }
  call.outcome = `FAULT:${mode}`;
  if (mode.startsWith('error:')) return send(res, failure(mode.slice('error:'.length) as UpstreamCode));
  return misbehave(mode, req, res, response, state);
}

/** Waits for the configured delay, then returns the fault mode of this call. */
async function applyDelay(body: Body, call: Call, { faults }: SandboxState): Promise<string> {
  if (faults.contactId !== null && !isSameId(faults.contactId, body['contact_id'])) return 'none';
  const delay = faults.delayMs + Math.random() * faults.jitterMs;
  call.outcome = 'delayed';
  if (delay > 0) await sleep(delay);
  return Math.random() < faults.rate ? faults.mode : 'none';
}

function isSameId(one: string, other: unknown): boolean {
  return typeof other === 'string' && one.toLowerCase() === other.toLowerCase();
}

function sendHtml(
  res: ServerResponse,
  status: number,
  title: string,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8', ...headers });
  res.end(`<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`);
}
