import type { Samples } from './exposition.ts';
import type { Interval } from './interval.ts';
import { THRESHOLDS } from './thresholds.ts';
import type { Counts } from './totals.ts';

/** An observation that users notice, or will notice soon. */
export interface Symptom {
  /** `critical`: most users notice. `warning`: some users notice, or none yet. */
  readonly level: 'critical' | 'warning';
  /** The figure that shows it. */
  readonly about: 'requests' | 'responseTime' | 'calls' | 'queue' | 'withheld' | 'eventLoop';
  readonly text: string;
}

export interface Observed {
  /** The last minute. */
  readonly recent: Interval;
  /** The last ten minutes, for an instance with few requests. */
  readonly long: Interval;
  /** The calls of the last minute that were not made, by reason. */
  readonly withheld: Counts;
  readonly samples: Samples;
}

const REASONS: Readonly<Record<string, string>> = {
  BREAKER_OPEN: 'the circuit breaker was open',
  QUEUE_FULL: 'the queue was full',
  QUEUE_TIMEOUT: 'they waited too long in the queue',
  HELD: 'Zyntro had rejected the calls before them',
};

/** Returns the symptoms, the worst first. */
export function symptomsOf(observed: Observed): Symptom[] {
  const symptoms = [
    failures(observed),
    responseTime(observed),
    withheldCalls(observed),
    slowCalls(observed),
    queue(observed),
    eventLoop(observed),
  ].filter((symptom) => symptom !== undefined);
  return symptoms.toSorted((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
}

function failures({ recent, long }: Observed): Symptom | undefined {
  const about = 'requests';
  if (exceeds(recent, THRESHOLDS.minFailures, THRESHOLDS.failedShare))
    return { level: 'critical', about, text: failedText(recent, 'the last minute') };
  const { minFailuresAtLowTraffic, failedShareAtLowTraffic } = THRESHOLDS;
  const goesOn = recent.requests === 0 || recent.failures > 0;
  if (goesOn && exceeds(long, minFailuresAtLowTraffic, failedShareAtLowTraffic))
    return { level: 'critical', about, text: failedText(long, 'the last ten minutes') };
  if (recent.failures > 0) return { level: 'warning', about, text: failedText(recent, 'the last minute') };
  return undefined;
}

function exceeds(interval: Interval, minFailures: number, share: number): boolean {
  return interval.failures >= minFailures && interval.failures > share * interval.requests;
}

function failedText({ failures: failed, requests }: Interval, period: string): string {
  const share = ((100 * failed) / requests).toPrecision(2);
  return `${Number(share)} % of the requests of ${period} failed (${failed} of ${requests})`;
}

function responseTime({ recent, long }: Observed): Symptom | undefined {
  const { requests, median, p95 } = recent.requests < THRESHOLDS.minFailures ? long : recent;
  if (requests < THRESHOLDS.minFailures || median === null || p95 === null) return undefined;
  const about = 'responseTime';
  if (median > THRESHOLDS.slowS)
    return { level: 'critical', about, text: `half of the responses take over ${seconds(median)}` };
  if (p95 > THRESHOLDS.slowS)
    return { level: 'warning', about, text: `one response in twenty takes over ${seconds(p95)}` };
  return undefined;
}

function withheldCalls({ recent, withheld }: Observed): Symptom | undefined {
  if (recent.withheld === 0) return undefined;
  const [reason] = Object.entries(withheld).reduce((most, one) => (one[1] > most[1] ? one : most));
  const because = REASONS[reason] ?? reason;
  return {
    level: 'warning',
    about: 'withheld',
    text: `${recent.withheld} calls to Zyntro were not made in the last minute: ${because}`,
  };
}

function slowCalls({ recent: { callP95 } }: Observed): Symptom | undefined {
  if (callP95 === null || callP95 <= THRESHOLDS.slowUpstreamS) return undefined;
  return {
    level: 'warning',
    about: 'calls',
    text: `one call to Zyntro in twenty takes over ${seconds(callP95)}`,
  };
}

function queue({ samples }: Observed): Symptom | undefined {
  const [waiting, most] = [
    gauge(samples, 'upstream_calls_waiting'),
    gauge(samples, 'upstream_calls_waiting_max'),
  ];
  if (waiting <= THRESHOLDS.queueShare * most) return undefined;
  return {
    level: 'warning',
    about: 'queue',
    text: `${waiting} of ${most} calls to Zyntro wait in the queue`,
  };
}

function eventLoop({ samples }: Observed): Symptom | undefined {
  const lag = gauge(samples, 'event_loop_lag_seconds');
  const limit = gauge(samples, 'event_loop_lag_max_seconds');
  if (lag <= THRESHOLDS.lagShare * limit) return undefined;
  const text = `the event loop lags by ${seconds(lag)}; above ${seconds(limit)} requests are rejected`;
  return { level: 'warning', about: 'eventLoop', text };
}

function gauge(samples: Samples, name: string): number {
  return samples[name]?.[0]?.value ?? 0;
}

function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${Number(value.toPrecision(2))} s`;
}
