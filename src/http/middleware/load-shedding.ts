import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';
import type { EventLoopLag } from '../../telemetry/event-loop-lag.ts';
import type { Log } from '../../telemetry/log.ts';

export interface ShedLoadOptions {
  readonly lag: EventLoopLag;
  /** Requests are rejected if the lag exceeds this. */
  readonly maxLagMs: number;
  readonly log: Log;
}

/**
 * Sheds load: rejects requests with a 503 while the event-loop lag is over the limit. A rejection costs little,
 * so the other requests finish in time.
 */
export function shedLoad({ lag, maxLagMs, log }: ShedLoadOptions): RequestHandler {
  let shedding = false;
  return function rejectWhileOverloaded(_req, _res, next) {
    const lagMs = lag.lagMs();
    const overloaded = lagMs > maxLagMs;
    if (overloaded !== shedding) {
      shedding = overloaded;
      if (overloaded) log.warn({ lagMs: Math.round(lagMs) }, 'overloaded, shedding load');
      else log.info('no longer overloaded');
    }
    if (overloaded) throw new AppError('OVERLOADED');
    next();
  };
}
