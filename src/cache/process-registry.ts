import type { SetTimer } from '../lib/timers.ts';

export interface ProcessRegistryOptions {
  readonly processId: string;
  /** Publishes to all processes. Never rejects. */
  readonly publish: (message: string) => Promise<void>;
  /** Returns whether this process may say that it is present: others wait for its acknowledgements then. */
  readonly isPresent: () => boolean;
  /** Called when a process has left. */
  readonly onLeave: () => void;
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

const PRESENCE_MS = 1000;
/** The first time is early, because the connections may not have been ready when others asked. */
const FIRST_PRESENCE_MS = 100;
/** A process that is silent for this long is not waited for. */
const SILENT_MS = 3000;

/**
 * Knows the other processes that Redis reaches. Each process publishes its presence every second, as `+id`; `?id`
 * when it begins to listen, which the others answer; and `-id` when it ends. The registry is kept in memory and
 * not in Redis, so that a process on another server after a failover still counts.
 */
export class ProcessRegistry {
  /** The time of the latest message of each process, the longest silent first. */
  readonly #lastSeenAt = new Map<string, number>();
  readonly #options: ProcessRegistryOptions;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(options: ProcessRegistryOptions) {
    this.#options = options;
  }

  /** Begins to publish the presence of this process, and asks the others for theirs. */
  start(): void {
    void this.#options.publish(`?${this.#options.processId}`);
    this.#cancel();
    this.#schedule(FIRST_PRESENCE_MS);
  }

  /** Handles a message of the channel; ignores any other text. */
  receive(message: string): void {
    const [kind, id] = [message[0], message.slice(1)];
    if (id === '' || id === this.#options.processId) return;
    if (kind === '-') {
      this.#lastSeenAt.delete(id);
      this.#options.onLeave();
    }
    if (kind === '+' || kind === '?') {
      this.#lastSeenAt.delete(id);
      this.#lastSeenAt.set(id, this.#options.now());
      this.#prune();
    }
    if (kind === '?') this.#announce();
  }

  /** Returns the other processes that were seen within `SILENT_MS`. */
  others(): string[] {
    this.#prune();
    return [...this.#lastSeenAt.keys()];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#options.publish(`-${this.#options.processId}`);
  }

  #prune(): void {
    const since = this.#options.now() - SILENT_MS;
    for (const [id, at] of this.#lastSeenAt) {
      if (at >= since) return;
      this.#lastSeenAt.delete(id);
    }
  }

  #announce(): void {
    if (!this.#isStopped && this.#options.isPresent())
      void this.#options.publish(`+${this.#options.processId}`);
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#options.setTimer(delayMs, () => {
      this.#announce();
      this.#schedule(PRESENCE_MS);
    });
  }
}
