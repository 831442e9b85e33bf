export type Phase = 'starting' | 'ready' | 'draining';

export interface HealthReport {
  readonly status: Phase | 'degraded';
  /** Current faults. For the admin port only: details may name organizations and upstream codes. */
  readonly reasons: readonly {
    readonly component: string;
    readonly detail: string;
    readonly since: string;
  }[];
}

export interface PastFault {
  readonly component: string;
  readonly detail: string;
  readonly since: string;
  readonly until: string;
}

/** Number of past faults that are kept. */
export const MAX_PAST = 20;

/** The phase of the process, the current fault of each component, and past faults. */
export class Health {
  #phase: Phase = 'starting';
  readonly #faults = new Map<string, { detail: string; since: string }>();
  #past: readonly PastFault[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
  }

  /** @returns whether this changed anything: the component was healthy, or had a different fault. */
  fail(component: string, detail: string): boolean {
    if (this.#faults.get(component)?.detail === detail) return false;
    this.#end(component);
    this.#faults.set(component, { detail, since: this.#timestamp() });
    return true;
  }

  /** @returns whether the component had a fault. */
  recover(component: string): boolean {
    this.#end(component);
    return this.#faults.delete(component);
  }

  report(): HealthReport {
    const reasons = [...this.#faults].map(([component, fault]) => ({ component, ...fault }));
    return { status: this.#phase === 'ready' && reasons.length > 0 ? 'degraded' : this.#phase, reasons };
  }

  /** The last 20 faults that have ended, newest first. */
  past(): readonly PastFault[] {
    return this.#past;
  }

  #end(component: string): void {
    const fault = this.#faults.get(component);
    if (!fault) return;
    this.#past = [{ component, ...fault, until: this.#timestamp() }, ...this.#past.slice(0, MAX_PAST - 1)];
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString();
  }

  /** True for a degraded instance, too: it can still respond from its cache. */
  get ready(): boolean {
    return this.#phase === 'ready';
  }

  get draining(): boolean {
    return this.#phase === 'draining';
  }
}
