import type { IncomingMessage } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';

/** What pages of other origins may read of an answer. */
const EXPOSED_HEADERS = [
  'ETag',
  'Age',
  'Cache-Status',
  'X-Request-Id',
  'Retry-After',
  'WWW-Authenticate',
  'RateLimit',
  'RateLimit-Policy',
];

const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Lets the pages of these origins read responses; no step at all if there are no origins. Only a preflight is
 * answered here (Fetch, section 3.2.2): any other OPTIONS request is for the router to refuse.
 */
export function corsFor(
  origins: readonly string[],
  cookies: { readonly credentials: boolean },
): RequestHandler[] {
  if (origins.length === 0) return [];
  const shared = { ...cookies, origin: [...origins], exposedHeaders: EXPOSED_HEADERS };
  const answerPreflight = cors({ ...shared, methods: ['GET', 'HEAD'], maxAge: PREFLIGHT_MAX_AGE_S });
  // cors takes every OPTIONS request for a preflight: without methods and headers, only the headers of an
  // actual response are left.
  const passOn = cors({ ...shared, methods: [], allowedHeaders: [], preflightContinue: true });
  return [
    function allowOrigins(req, res, next) {
      return isPreflight(req) ? answerPreflight(req, res, next) : passOn(req, res, next);
    },
  ];
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && Boolean(headers.origin && headers['access-control-request-method']);
}
