export type Phase = 'starting' | 'ready' | 'draining';

export interface HealthReport {
  readonly status: Phase | 'degraded';
  /** What is wrong, for the admin port: it may name organizations and the upstream's codes. */
  readonly reasons: readonly {
    readonly component: string;
    readonly detail: string;
    readonly since: string;
  }[];
}

/** What is wrong right now, by component. A component that recovers is wrong no more. */
export class Health {
  #phase: Phase = 'starting';
  readonly #faults = new Map<string, { detail: string; since: string }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
  }

  /** @returns whether that was news: the component was well, or had another fault. */
  fail(component: string, detail: string): boolean {
    if (this.#faults.get(component)?.detail === detail) return false;
    this.#faults.set(component, { detail, since: new Date(this.#now()).toISOString() });
    return true;
  }

  /** @returns whether that was news. */
  recover(component: string): boolean {
    return this.#faults.delete(component);
  }

  report(): HealthReport {
    const reasons = [...this.#faults].map(([component, fault]) => ({ component, ...fault }));
    return { status: this.#phase === 'ready' && reasons.length > 0 ? 'degraded' : this.#phase, reasons };
  }

  /** An instance that is degraded can still answer from its cache, so it is ready. */
  get ready(): boolean {
    return this.#phase === 'ready';
  }

  get draining(): boolean {
    return this.#phase === 'draining';
  }
}
