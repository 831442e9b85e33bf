import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import { scopeOf } from '../scope.ts';
import type { Log } from '../telemetry/log.ts';

/** nginx's status for a client that closed before it was answered; never sent. */
const CLIENT_CLOSED_REQUEST = 499;

/** One line a request. The path is not logged, its pattern is: a path can hold anything. */
export function accessLog(options: {
  readonly log: Log;
  readonly hashSubject: (issuer: string, subject: string) => string;
}): RequestHandler {
  return function logAccess(req, res, next) {
    const scope = scopeOf(req);
    res.on('close', () => {
      const { caller, cache, errorCode, errorReason } = scope;
      options.log.info(
        {
          requestId: scope.requestId,
          method: req.method.slice(0, 16),
          route: scope.route,
          status: res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST,
          durationMs: Math.round((performance.now() - scope.startedAt) * 100) / 100,
          ...(cache && { cache: cache.result }),
          ...(errorCode !== undefined && { code: errorCode }),
          ...(errorReason !== undefined && { reason: errorReason }),
          ...(caller && { subject: options.hashSubject(caller.issuer, caller.subject) }),
        },
        'request',
      );
    });
    next();
  };
}
