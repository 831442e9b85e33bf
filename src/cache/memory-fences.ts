import { generationKey } from './part-key.ts';

export interface MemoryFences {
  /** Closes a contact for `ms`. Returns the functions that open it and that change the remaining time. */
  close(org: string, contact: string, ms: number): { open(): void; keep(ms: number): void };
  /** Returns the generation under which calls are shared while the contact is closed, or undefined. */
  generationOf(org: string, contact: string): string | undefined;
  /** Replaces that generation. */
  renew(org: string, contact: string): void;
  /** The number of contacts that are kept as closed. */
  readonly size: number;
}

interface Closed {
  generation: string;
  /** The end of each write that closes the contact. */
  readonly writes: Map<symbol, number>;
}

/**
 * Creates the fences of the memory store. A fence that is not opened ends by itself, so that the number of
 * closed contacts is bounded by the writes within that time.
 */
export function memoryFences(options: {
  readonly now: () => number;
  readonly randomId: () => string;
}): MemoryFences {
  const closed = new Map<string, Closed>();

  function current(key: string): Closed | undefined {
    const found = closed.get(key);
    if (!found) return undefined;
    for (const [write, until] of found.writes) if (until <= options.now()) found.writes.delete(write);
    if (found.writes.size > 0) return found;
    closed.delete(key);
    return undefined;
  }

  /** Removes the oldest fences, which may have ended without being opened. */
  function removeEnded(): void {
    for (const key of closed.keys()) if (current(key)) return;
  }

  return {
    close(org, contact, ms) {
      removeEnded();
      const key = generationKey(org, contact);
      const fence = current(key) ?? { generation: '', writes: new Map<symbol, number>() };
      const write = Symbol('write');
      fence.generation = options.randomId();
      fence.writes.set(write, options.now() + ms);
      closed.set(key, fence);
      return {
        open: () => {
          fence.writes.delete(write);
          fence.generation = options.randomId();
          current(key);
        },
        keep: (keepMs) => {
          if (fence.writes.has(write)) fence.writes.set(write, options.now() + keepMs);
        },
      };
    },
    generationOf: (org, contact) =>
      closed.size === 0 ? undefined : current(generationKey(org, contact))?.generation,
    renew(org, contact) {
      const fence = closed.get(generationKey(org, contact));
      if (fence) fence.generation = options.randomId();
    },
    get size() {
      return closed.size;
    },
  };
}
