import { failed, passed, warned, type Finding } from './finding.ts';

/** The minimum difference of this machine's clock to another clock. */
export interface ClockReading {
  readonly source: string;
  /** Milliseconds that this machine is ahead; negative if it is behind. */
  readonly aheadMs: number;
  /** Whether a difference affects tokens. */
  readonly matters: boolean;
}

/** A larger difference is not drift: the clock is not synchronized. */
const LARGE_MS = 60_000;
const ADVICE = 'synchronize both clocks by NTP: otherwise tokens are rejected too early or too late';

/**
 * Returns the smallest clock difference, in milliseconds, that is consistent with one reading: the remote
 * time was read between `sentAt` and `receivedAt`, and was truncated to `resolutionMs`.
 */
export function skewMs(reading: {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly remote: number;
  readonly resolutionMs: number;
}): number {
  const least = reading.sentAt - reading.remote - reading.resolutionMs;
  const most = reading.receivedAt - reading.remote;
  if (least > 0) return least;
  return most < 0 ? most : 0;
}

/** Compares this machine's clock with the clock of every server that sent its time. */
export function checkClock(readings: readonly ClockReading[], toleranceS: number): Finding[] {
  if (readings.length === 0) {
    return [warned('clock', 'no other clock could be read', 'compare it manually: date -u')];
  }
  return readings.map((reading) => evaluate(reading, toleranceS * 1000));
}

function evaluate({ source, aheadMs, matters }: ClockReading, toleranceMs: number): Finding {
  const name = `clock against ${source}`;
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  const detail = `this machine is at least ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
  if (Math.abs(aheadMs) <= toleranceMs) return passed(name, `within ${toleranceMs / 1000} s`);
  if (matters && Math.abs(aheadMs) > Math.max(LARGE_MS, toleranceMs)) return failed(name, detail, ADVICE);
  return warned(name, `${detail}, and JWT_CLOCK_TOLERANCE_S is ${toleranceMs / 1000}`, ADVICE);
}
