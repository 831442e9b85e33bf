import { MAX_PAST, type Health, type HealthReport, type PastFault } from './health.ts';

/** The health of one worker, or of all workers, as workers send it to each other. */
export interface WorkerHealth extends HealthReport {
  readonly past: readonly PastFault[];
  /** Seconds since the start. */
  readonly uptimeS: number;
}

/** Returns the health of this process. */
export function healthOf(health: Pick<Health, 'report' | 'past'>, uptimeS: number): WorkerHealth {
  return { ...health.report(), past: health.past(), uptimeS };
}

/**
 * Merges the health of all workers. Workers notice the same fault separately, so it is listed once with its
 * first start. The phase is that of the worker that answers.
 */
export function mergeHealth(own: HealthReport, all: readonly WorkerHealth[]): WorkerHealth {
  const reasons = [...groups(all.flatMap((one) => one.reasons)).values()].map((same) => same[0]!);
  const past = [...groups(all.flatMap((one) => one.past)).values()].flatMap(joinOverlapping);
  const degraded = own.status === 'ready' && reasons.length > 0;
  return {
    status: degraded ? 'degraded' : own.status,
    reasons,
    past: past.toSorted((a, b) => compare(b.until, a.until)).slice(0, MAX_PAST),
    uptimeS: Math.max(...all.map((one) => one.uptimeS)),
  };
}

type Fault = Omit<PastFault, 'until'>;

/** Groups equal faults, the earliest first. */
function groups<Of extends Fault>(faults: readonly Of[]): Map<string, Of[]> {
  const byStart = faults.toSorted((a, b) => compare(a.since, b.since));
  return Map.groupBy(byStart, ({ component, detail }) => `${component}\n${detail}`);
}

function joinOverlapping(faults: readonly PastFault[]): PastFault[] {
  const joined: PastFault[] = [];
  for (const fault of faults) {
    const last = joined.at(-1);
    if (!last || fault.since > last.until) joined.push(fault);
    else if (fault.until > last.until) joined[joined.length - 1] = { ...last, until: fault.until };
  }
  return joined;
}

/** Compares timestamps of the same format. */
function compare(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
