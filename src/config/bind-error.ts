import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { createServer, isIP } from 'node:net';
import { withTimeout } from '../lib/with-timeout.ts';

/** Timeout to resolve a host name. */
const RESOLVE_MS = 2000;

/** Returns the code of the error of listening on a free port of the host; undefined if that is possible. */
export async function bindError(host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    const address = isIP(host) === 0 ? (await withTimeout(RESOLVE_MS, lookup(host))).address : host;
    await once(server.listen({ host: address, port: 0, exclusive: true }), 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    server.close();
  }
}
