import type { IncomingMessage } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import { respond } from '../respond.ts';

/** The response headers that pages of other origins may read. */
const EXPOSED_HEADERS = [
  'ETag',
  'Age',
  'Cache-Status',
  'X-Request-Id',
  'Retry-After',
  'WWW-Authenticate',
  'Allow',
  'Accept',
  'Accept-Patch',
  'RateLimit',
  'RateLimit-Policy',
  'Location',
  'Preference-Applied',
  'Idempotency-Replayed',
];

/** The request headers that pages of other origins may send. */
const ALLOWED_HEADERS = [
  'Authorization',
  'Cache-Control',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Prefer',
  'X-Request-Id',
  'X-Requested-With',
  'traceparent',
];

const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Creates the CORS middleware for these origins and methods; empty without origins. Responds only to a preflight
 * (Fetch, section 3.2.2): the router rejects any other OPTIONS request.
 */
export function allowOrigins(
  origins: readonly string[],
  { credentials, methods }: { readonly credentials: boolean; readonly methods: readonly string[] },
): RequestHandler[] {
  if (origins.length === 0) return [];
  const shared = { credentials, origin: [...origins], exposedHeaders: EXPOSED_HEADERS };
  const allowPreflight = cors({
    ...shared,
    methods: [...methods],
    allowedHeaders: ALLOWED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_S,
    preflightContinue: true,
  });
  // cors treats every OPTIONS request as a preflight. Without methods and allowed headers it sets only the
  // headers of an actual response.
  const passOn = cors({ ...shared, methods: [], allowedHeaders: [], preflightContinue: true });
  return [
    function setCorsHeaders(req, res, next) {
      if (!isPreflight(req)) return passOn(req, res, next);
      return allowPreflight(req, res, () => respond(res, 204, []));
    },
  ];
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && Boolean(headers.origin && headers['access-control-request-method']);
}
