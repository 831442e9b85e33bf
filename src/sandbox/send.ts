import type { ServerResponse } from 'node:http';
import type { SandboxResponse } from './messages.ts';

export function send(res: ServerResponse, { body }: SandboxResponse): void {
  const text = JSON.stringify(body);
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
}
