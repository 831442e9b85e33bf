import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';

/** Settings of a peer, from its environment. */
export const peer = {
  /** Response body of a peer without a cache. */
  body: (): Buffer => readFileSync(String(process.env['BENCH_BODY_FILE'])),
  redisUrl: String(process.env['REDIS_URL']),
  jwtSecret: String(process.env['JWT_SECRET']),
  issuer: String(process.env['JWT_ISSUER']),
  audience: String(process.env['JWT_AUDIENCE']),
  upstreamUrl: String(process.env['ZYNTRO_BASE_URL']),
};

/** Rate limit that is counted but never reached. */
export const LIMIT = 1_000_000_000;
export const WINDOW_MS = 60_000;

/** Returns the cache key of a stack without parts: one key per member and contact. */
export function contactKey(claims: Readonly<Record<string, unknown>>, contact: string): string {
  return `peer:${String(claims['org_id'])}:${String(claims['member_id'])}:${contact}`;
}

export function announce(server: Server): void {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port })}\n`);
}
