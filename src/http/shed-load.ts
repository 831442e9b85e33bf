import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import type { EventLoopLag } from '../telemetry/event-loop-lag.ts';
import type { Log } from '../telemetry/log.ts';

export interface ShedLoadOptions {
  readonly lag: EventLoopLag;
  /** The lag beyond which requests are turned away. */
  readonly maxLagMs: number;
  readonly log: Log;
}

/**
 * Turns requests away with a 503 while the event loop cannot keep up: what is turned away costs little, and
 * lets the rest be answered in time.
 */
export function shedLoad({ lag, maxLagMs, log }: ShedLoadOptions): RequestHandler {
  let shedding = false;
  return function turnAwayWhileOverloaded(_req, _res, next) {
    const lagMs = lag.lagMs();
    const overloaded = lagMs > maxLagMs;
    if (overloaded !== shedding) {
      shedding = overloaded;
      if (overloaded) log.warn({ lagMs: Math.round(lagMs) }, 'overloaded: requests are turned away');
      else log.info('no longer overloaded');
    }
    if (overloaded) throw new AppError('OVERLOADED');
    next();
  };
}
