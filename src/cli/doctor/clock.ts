import { failed, passed, warned, type Finding } from './finding.ts';

/** How far this machine's clock is ahead of another one, at the least; negative where it is behind. */
export interface ClockReading {
  readonly source: string;
  readonly aheadMs: number;
  /** Whether anything goes wrong where the two differ. */
  readonly matters: boolean;
}

/** More than this is no drift: a clock that nothing sets. */
const LARGE_MS = 60_000;
const ADVICE = 'set the clock by NTP here and there: tokens are refused too early or too late otherwise';

/**
 * The least difference of two clocks that explains what was seen: the remote time was read after `sentAt`
 * and before `receivedAt`, and was cut down to its resolution.
 */
export function skewMs(seen: {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly remote: number;
  readonly resolutionMs: number;
}): number {
  const least = seen.sentAt - seen.remote - seen.resolutionMs;
  const most = seen.receivedAt - seen.remote;
  if (least > 0) return least;
  return most < 0 ? most : 0;
}

/** This machine's clock held against every other that could be asked. */
export function checkClock(readings: readonly ClockReading[], toleranceS: number): Finding[] {
  if (readings.length === 0) {
    return [warned('clock', 'no other clock could be asked', 'compare it by hand: date -u')];
  }
  return readings.map((reading) => judge(reading, toleranceS * 1000));
}

function judge({ source, aheadMs, matters }: ClockReading, toleranceMs: number): Finding {
  const name = `clock against ${source}`;
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  const detail = `this machine is at least ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
  if (Math.abs(aheadMs) <= toleranceMs) return passed(name, `within ${toleranceMs / 1000} s`);
  if (matters && Math.abs(aheadMs) > Math.max(LARGE_MS, toleranceMs)) return failed(name, detail, ADVICE);
  return warned(name, `${detail}, and JWT_CLOCK_TOLERANCE_S is ${toleranceMs / 1000}`, ADVICE);
}
