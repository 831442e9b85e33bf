import type { RequestHandler } from 'express';
import { accessLog, type AccessLogOptions } from './middleware/access-log.ts';
import { requestContext } from './middleware/context.ts';
import { requireOneHost } from './middleware/host.ts';
import { normalizePath } from './middleware/normalize-path.ts';
import { checkProtocol } from './middleware/protocol.ts';
import { traceRequest } from './middleware/trace.ts';

/** Returns the middleware that both ports begin with, outermost first. */
export function entryMiddleware(options: AccessLogOptions): RequestHandler[] {
  return [
    requestContext(),
    traceRequest(),
    accessLog(options),
    checkProtocol(),
    requireOneHost(),
    normalizePath(),
  ];
}
