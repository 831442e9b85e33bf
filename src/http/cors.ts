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

/** Lets the pages of these origins read answers; no step at all where there are none. */
export function corsFor(
  origins: readonly string[],
  cookies: { readonly credentials: boolean },
): RequestHandler[] {
  if (origins.length === 0) return [];
  return [
    cors({
      ...cookies,
      origin: [...origins],
      methods: ['GET', 'HEAD'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_MAX_AGE_S,
    }),
  ];
}
