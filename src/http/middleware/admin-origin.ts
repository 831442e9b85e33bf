import type { Request, RequestHandler } from 'express';
import { BlockList, isIP } from 'node:net';
import { AppError } from '../../errors.ts';
import { isOwnOrigin } from '../../lib/own-origin.ts';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Rejects requests that web pages send to the admin port. A page can make a browser send requests to this
 * machine across origins, or through a domain that resolves to a loopback address (DNS rebinding).
 *
 * @param currentToken called for each request, because a reload can replace the token.
 */
export function rejectWebPages(currentToken: () => string | undefined): RequestHandler {
  return function rejectWebPage(req, _res, next) {
    if (currentToken() === undefined && !isSentToLoopback(req)) {
      throw new AppError('INVALID_REQUEST', {
        detail:
          'Without ADMIN_TOKEN the Host of this port must be a loopback name, such as localhost or 127.0.0.1.',
      });
    }
    if (!READS.has(req.method) && isSentByForeignPage(req)) {
      throw new AppError('INVALID_REQUEST', {
        detail: 'Requests from a page of another origin are rejected.',
      });
    }
    next();
  };
}

/** Returns true if `Host` is missing, as HTTP/1.0 permits: every browser sends it. */
function isSentToLoopback({ headers: { host }, url }: Request): boolean {
  // RFC 9112 section 3.2.2: the host of an absolute target replaces `Host`.
  const target = url.startsWith('/') ? undefined : URL.parse(url)?.host;
  return [host, target].every((authority) => authority === undefined || isLoopbackAuthority(authority));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** `localhost` and the names below it (RFC 6761 section 6.3), `127.0.0.0/8` and `::1`, with any port. */
function isLoopbackAuthority(authority: string): boolean {
  const hostname = URL.parse(`http://${authority}`)?.hostname ?? '';
  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const address = name.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** `Sec-Fetch-Site` is `none` if the user caused the request, for example by typing the address. */
function isSentByForeignPage({ headers }: Request): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, host)) return true;
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
