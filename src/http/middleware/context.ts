import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { openContext, RequestContext } from '../request-context.ts';

const VALID_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Opens the context of a request. Uses the `X-Request-Id` of the request if it is valid, else a new one. */
export function requestContext(): RequestHandler {
  return function openRequestContext(req, res, next) {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && VALID_REQUEST_ID.test(given) ? given : randomUUID();
    openContext(req, new RequestContext(requestId, res));
    next();
  };
}
