import { createClient, type ClientOptions, type ContactsClient } from '../../src/client/index.ts';
import type { Script } from '../support/scripted-server.ts';

export const CONTACT = { contact: { id: '00000000-0000-4000-8000-000000000001', name: 'Jane Smith' } };
export const FOUND: Script = { body: { data: CONTACT } };
export const ID = CONTACT.contact.id;

/** Long enough on a busy machine. */
const TIMEOUT_MS = 60_000;

export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  more = {},
): Script {
  return { status, headers, body: { code, status, detail: 'The detail.', requestId: 'request-1', ...more } };
}

/** Closes the connection without a response. */
export const DISCONNECT: Script = (res) => res.destroy();

/** Sends half of a response. */
export const BREAK_OFF: Script = (res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  res.write('{"data":', () => res.destroy());
};

export function clientOf(baseUrl: string, options: Partial<ClientOptions> = {}): ContactsClient {
  return createClient({ baseUrl, token: 'a.b.c', timeoutMs: TIMEOUT_MS, ...options });
}
