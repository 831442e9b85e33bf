import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import { openScope } from '../scope.ts';

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Opens the scope of a request, takes over a sane `X-Request-Id`, and notices a client that goes away. */
export function requestScope(): RequestHandler {
  return function openRequestScope(req, res, next) {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
    const gone = new AbortController();
    res.on('close', () => {
      if (!res.writableFinished) gone.abort();
    });
    openScope(req, { requestId, startedAt: performance.now(), signal: gone.signal, route: 'unmatched' });
    res.setHeader('X-Request-Id', requestId);
    next();
  };
}
