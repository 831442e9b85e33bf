/** An event: what happens, and in which process. */
interface Event {
  readonly at: number;
  readonly order: number;
  /** Undefined for events outside of processes. */
  readonly actor: Actor | undefined;
  /** True if the event wakes code that awaits promises. */
  readonly wakes: boolean;
  /** Undefined if the event was cancelled. */
  run: (() => void) | undefined;
}

/** A process: its events wait while it is paused, and are lost when it is dead. */
export interface Actor {
  pausedUntil: number;
  isDead: boolean;
}

/** Returns a generator of numbers from 0 (inclusive) to 1, by mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs events in the order of a virtual clock. Events of the same time run in the order of their creation. */
export class Scheduler {
  readonly #heap: Event[] = [];
  #created = 0;
  now = 0;

  /** @param wakes false if the event resolves no promise, so that the next event can run at once. */
  at(ms: number, run: () => void, actor?: Actor, wakes = true): Event {
    const event = { at: Math.max(ms, this.now), order: (this.#created += 1), actor, wakes, run };
    push(this.#heap, event);
    return event;
  }

  after(ms: number, run: () => void, actor?: Actor, wakes = true): Event {
    return this.at(this.now + ms, run, actor, wakes);
  }

  /** Runs events up to one that wakes code. Returns false after `endsAt`. */
  step(endsAt: number): boolean {
    for (;;) {
      const event = pop(this.#heap);
      if (!event || event.at > endsAt) return false;
      const { actor } = event;
      if (!event.run || actor?.isDead) continue;
      if (actor && actor.pausedUntil > event.at) {
        push(this.#heap, { ...event, at: actor.pausedUntil });
        continue;
      }
      this.now = event.at;
      event.run();
      if (event.wakes) return true;
    }
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function push(heap: Event[], event: Event): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
  return first;
}
