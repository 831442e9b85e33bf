import type { IncomingMessage } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import { respond } from '../respond.ts';
import { closeIfUnread } from '../unread-body.ts';

/** The response headers that pages of other origins may read. */
const EXPOSED_HEADERS = [
  'ETag',
  'Age',
  'Cache-Status',
  'X-Request-Id',
  'Retry-After',
  'WWW-Authenticate',
  'Allow',
  'RateLimit',
  'RateLimit-Policy',
];
const EXPOSED_OF_BODIES = ['Accept', 'Accept-Patch'];
const EXPOSED_OF_WRITES = ['Location', 'Preference-Applied', 'Idempotency-Replayed'];

/** The request headers that pages of other origins may send. */
const ALLOWED_HEADERS = [
  'Authorization',
  'Cache-Control',
  'If-Match',
  'If-None-Match',
  'X-Request-Id',
  'traceparent',
];
const ALLOWED_OF_BODIES = ['Content-Type'];
const ALLOWED_OF_WRITES = ['Idempotency-Key', 'Prefer'];
const ALLOWED_WITH_COOKIE = ['X-Requested-With'];

const PREFLIGHT_MAX_AGE_S = 600;

export interface CorsOptions {
  /** Whether callers may be authenticated by the cookie. */
  readonly credentials: boolean;
  readonly methods: readonly string[];
  /** Whether an operation reads a body, and whether one can change something. */
  readonly hasBodies: boolean;
  readonly hasWrites: boolean;
}

/**
 * Creates the CORS middleware for these origins, with the methods and headers that the operations need; empty
 * without origins. Responds only to a preflight (Fetch, section 3.2.2): the router rejects any other OPTIONS
 * request.
 */
export function allowOrigins(
  origins: readonly string[],
  { credentials, methods, hasBodies, hasWrites }: CorsOptions,
): RequestHandler[] {
  if (origins.length === 0) return [];
  const exposedHeaders = [
    ...EXPOSED_HEADERS,
    ...(hasBodies ? EXPOSED_OF_BODIES : []),
    ...(hasWrites ? EXPOSED_OF_WRITES : []),
  ];
  const allowedHeaders = [
    ...ALLOWED_HEADERS,
    ...(hasBodies ? ALLOWED_OF_BODIES : []),
    ...(hasWrites ? ALLOWED_OF_WRITES : []),
    ...(credentials ? ALLOWED_WITH_COOKIE : []),
  ];
  const shared = { credentials, origin: [...origins], exposedHeaders };
  const allowPreflight = cors({
    ...shared,
    methods: [...methods],
    allowedHeaders,
    maxAge: PREFLIGHT_MAX_AGE_S,
    preflightContinue: true,
  });
  // cors treats every OPTIONS request as a preflight. Without methods and allowed headers it sets only the
  // headers of an actual response.
  const passOn = cors({ ...shared, methods: [], allowedHeaders: [], preflightContinue: true });
  return [
    function setCorsHeaders(req, res, next) {
      if (!isPreflight(req)) return passOn(req, res, next);
      return allowPreflight(req, res, () => respond(res, 204, [...closeIfUnread(req)]));
    },
  ];
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && Boolean(headers.origin && headers['access-control-request-method']);
}
