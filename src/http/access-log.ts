import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import { scopeOf } from '../scope.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { currentTrace } from '../telemetry/tracing.ts';

/** nginx's status for a client that closed before it was answered; never sent. */
const CLIENT_CLOSED_REQUEST = 499;

/** One line a request, and its count. The path is not logged, its pattern is: a path can hold anything. */
export function accessLog(options: {
  readonly log: Log;
  readonly hashSubject: (issuer: string, subject: string) => string;
  readonly metrics: Pick<Metrics, 'request' | 'tokenRefused'>;
}): RequestHandler {
  const { log, hashSubject, metrics } = options;
  return function logAccess(req, res, next) {
    const scope = scopeOf(req);
    const traceId = currentTrace()?.traceId;
    res.on('close', () => {
      const { caller, cache, errorCode, errorReason } = scope;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const durationMs = performance.now() - scope.startedAt;
      metrics.request(scope.route, req.method, status, durationMs / 1000);
      if (errorCode !== undefined && (status === 401 || status === 403)) metrics.tokenRefused(errorCode);
      log.info(
        {
          requestId: scope.requestId,
          ...(traceId !== undefined && { traceId }),
          method: req.method.slice(0, 16),
          route: scope.route,
          status,
          durationMs: Math.round(durationMs * 100) / 100,
          ...(cache && { cache: cache.result }),
          ...(errorCode !== undefined && { code: errorCode }),
          ...(errorReason !== undefined && { reason: errorReason }),
          ...(caller && { subject: hashSubject(caller.issuer, caller.subject) }),
        },
        'request',
      );
    });
    next();
  };
}
