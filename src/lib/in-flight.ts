import { withTimeout } from './with-timeout.ts';

/** Work that goes on although its caller has gone, so that an end can wait for it. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const remove = () => void this.#running.delete(work);
    work.then(remove, remove);
    return work;
  }

  /** Resolves when the work of now has ended, or after `ms`. */
  async settled(ms: number): Promise<void> {
    await withTimeout(ms, Promise.allSettled(this.#running)).catch(() => {});
  }
}
