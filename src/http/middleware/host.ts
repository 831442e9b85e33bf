import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';
import { fieldValues } from '../../lib/raw-headers.ts';

/** `uri-host [ ":" port ]` of RFC 9110 section 7.2, without user, path or list. */
const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Rejects a request with several `Host` fields or an invalid one (RFC 9112 section 3.2). */
export function requireOneHost(): RequestHandler {
  // Most requests repeat the last host, so the pattern is only matched against another one.
  let lastGood = '';
  return function checkHost(req, _res, next) {
    const hosts = fieldValues(req, 'host');
    if (hosts.length === 1 && hosts[0] === lastGood) return next();
    const isOldWithoutHost = req.httpVersion === '1.0' && hosts.length === 0;
    const [host] = hosts;
    if (hosts.length === 1 && HOST.test(host!)) lastGood = host!;
    else if (!isOldWithoutHost)
      throw new AppError('INVALID_REQUEST', { detail: 'The request needs exactly one valid Host header.' });
    next();
  };
}
