import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

/** `uri-host [ ":" port ]` of RFC 9110 section 7.2, without user, path or list. */
const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Refuses what RFC 9112 section 3.2 has refused: several `Host` fields, or one that is no host. */
export function requireOneHost(): RequestHandler {
  return function checkHost(req, _res, next) {
    const hosts = req.headersDistinct['host'] ?? [];
    const old = req.httpVersion === '1.0' && hosts.length === 0;
    if (!old && !(hosts.length === 1 && HOST.test(hosts[0]!))) {
      throw new AppError('INVALID_REQUEST', { detail: 'The request needs exactly one valid Host header.' });
    }
    next();
  };
}
