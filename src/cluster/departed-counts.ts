import type { Worker } from 'node:cluster';
import { countsOf, sumCounts, type Snapshot } from '../telemetry/aggregate.ts';

/**
 * The counters and histograms of workers that have exited, so that sums over all workers never fall. Each worker
 * counts by its last snapshot that the primary received: later events of a worker that is killed are lost.
 */
export class DepartedCounts {
  /** The last counters and histograms of each running worker, by name. */
  readonly #last = new Map<Worker, Map<string, Snapshot[number]>>();
  #departed: Snapshot = [];

  /** Keeps the snapshot of a running worker. It may lack metrics that an earlier one has. */
  record(worker: Worker, snapshot: Snapshot): void {
    const last = this.#last.get(worker) ?? new Map<string, Snapshot[number]>();
    for (const metric of countsOf(snapshot)) last.set(metric.name, metric);
    this.#last.set(worker, last);
  }

  /** Adds the last counts of a worker that has exited. */
  depart(worker: Worker): void {
    const last = this.#last.get(worker);
    if (!this.#last.delete(worker) || !last) return;
    this.#departed = sumCounts([this.#departed, [...last.values()]]);
  }

  /** The sum over all workers that have exited. */
  get snapshot(): Snapshot {
    return this.#departed;
  }
}
