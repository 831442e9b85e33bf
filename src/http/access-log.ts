import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import type { Caller } from '../contact/read-contact.ts';
import { scopeOf, type RequestScope } from '../scope.ts';
import { lineWriter, type Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { currentTrace } from '../telemetry/tracing.ts';

/** nginx's status for a client that closed before it was answered; never sent. */
const CLIENT_CLOSED_REQUEST = 499;

interface Answered {
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly traceId: string | undefined;
  readonly subject: string | undefined;
}

/** One line a request, and its count. The path is not logged, its pattern is: a path can hold anything. */
export function accessLog(options: {
  readonly log: Log;
  readonly hashSubject: (caller: Caller) => string;
  readonly metrics: Pick<Metrics, 'request' | 'tokenRefused'>;
}): RequestHandler {
  const { log, hashSubject, metrics } = options;
  const write = lineWriter(log, 'info', 'request');
  return function logAccess(req, res, next) {
    const scope = scopeOf(req);
    const traceId = currentTrace()?.traceId;
    res.on('close', () => {
      const { caller, errorCode } = scope;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST;
      const durationMs = performance.now() - scope.startedAt;
      metrics.request(scope.route, req.method, status, durationMs / 1000);
      if (errorCode !== undefined && (status === 401 || status === 403)) metrics.tokenRefused(errorCode);
      const subject = caller && hashSubject(caller);
      write?.(fieldsOf(scope, { method: req.method, status, durationMs, traceId, subject }));
    });
    next();
  };
}

/** To two places. From whole numbers, which are written quickly. */
function hundredths(value: number): string {
  const all = Math.round(value * 100);
  const rest = all % 100;
  return `${(all - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}

/**
 * The members of the line, as JSON. Put together by hand, since it is done for every request; what comes from
 * outside is of a closed alphabet (request and trace ids, methods that Node's parser knows) or escaped.
 */
function fieldsOf(scope: RequestScope, answered: Answered): string {
  const { requestId, route, cache, errorCode, errorReason } = scope;
  const { method, status, durationMs, traceId, subject } = answered;
  let fields = `"requestId":"${requestId}"`;
  if (traceId !== undefined) fields += `,"traceId":"${traceId}"`;
  fields += `,"method":"${method}","route":"${route}","status":${status}`;
  fields += `,"durationMs":${hundredths(durationMs)}`;
  if (cache) fields += `,"cache":"${cache.result}"`;
  if (errorCode !== undefined) fields += `,"code":${JSON.stringify(errorCode)}`;
  if (errorReason !== undefined) fields += `,"reason":${JSON.stringify(errorReason)}`;
  if (subject !== undefined) fields += `,"subject":"${subject}"`;
  return fields;
}
