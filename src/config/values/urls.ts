import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopbackHost } from './hosts.ts';

const NO_PORT = 'must not use port 0';

/** A URL for credentials or keys: https, unless the host is a loopback address. */
const secureUrl = z
  .string()
  .refine((value) => URL.canParse(value), { error: 'must be an absolute URL' })
  .transform((value) => new URL(value))
  .refine((url) => url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)), {
    error: 'must be https, unless its host is a loopback address',
  })
  .refine((url) => !url.username && !url.password && !url.hash, {
    error: 'must not contain a user, password or fragment',
  })
  .refine(hasPort, { error: NO_PORT });

export const baseUrl = secureUrl.refine((url) => !url.search, { error: 'must not contain a query' });

/** Allows a query, because some identity providers identify the tenant by it. */
export const jwksUrl = secureUrl;

/** Rejects port 0, because connections to it are impossible. */
function hasPort({ port }: URL): boolean {
  return port !== '0';
}

const httpUrl = z
  .string()
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
    error: 'must be an http:// or https:// URL',
  })
  .transform((value) => new URL(value))
  .refine(hasPort, { error: NO_PORT });

/** Returns whether a host is a name or an address. `URL` percent-encodes other hosts, which cannot resolve. */
export function isRedisHost(host: string): boolean {
  return /^[A-Za-z0-9._-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(host);
}

export const proxyUrl = httpUrl
  .refine((url) => url.pathname === '/' && !url.search && !url.hash, {
    error: 'must be http[s]://[user:password@]host[:port]',
  })
  // undici sends the host as the server name (SNI), which must not be an address (RFC 6066 section 3).
  .refine((url) => url.protocol === 'http:' || isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) === 0, {
    error: 'must have a host name, not an address, if it is https',
  });

export const redisUrl = z
  .string()
  .refine((value) => URL.canParse(value) && /^rediss?:$/.test(new URL(value).protocol), {
    error: 'must be a redis:// or rediss:// URL',
  })
  .transform((value) => new URL(value))
  .refine(
    (url) =>
      isRedisHost(url.hostname) &&
      hasPort(url) &&
      /^\/?\d{0,3}$/.test(url.pathname) &&
      !url.search &&
      !url.hash,
    {
      error: 'must be redis[s]://[user:password@]host[:port][/database number]',
    },
  );
