import { AppError } from '../errors.ts';
import type { Snapshot } from './part-store.ts';

/**
 * Starts one call for these keys. The call must settle in bounded time, and is aborted when its last waiter
 * leaves.
 *
 * @param onGeneration invoked with the call's generation, if it was unknown, before the upstream call is made
 *   and after `Begin` has returned.
 */
export type Begin<Result> = (
  keys: readonly string[],
  signal: AbortSignal,
  onGeneration: (generation: string) => void,
) => Promise<Result>;

interface Call<Result> {
  readonly result: Promise<Result>;
  readonly controller: AbortController;
}

/**
 * A shared call. Its `call` is cleared when it ends: when a Map is rehashed, V8 links the old table to the new
 * one, so a deleted entry and everything it references survive until a full garbage collection.
 */
interface Flight<Result> {
  call: Call<Result> | undefined;
  readonly keys: readonly string[];
  /** Undefined until the generation is known; the upstream call is not yet made then. */
  generation: string | undefined;
  /** A time before the upstream call began, once the generation is known. */
  bornAt: number;
  waiters: number;
}

type Generations = Pick<Snapshot, 'generation' | 'localGeneration' | 'localBornAfter'>;

/** A call that a request waits for: started by the request, or already in flight. */
export interface Joined<Result> {
  readonly keys: readonly string[];
  readonly started: boolean;
  /**
   * Resolves with the call's outcome, the same for all waiters. Rejects with `CLIENT_GONE` when `signal`
   * aborts. The call continues while it has a waiter, and is aborted when the last one leaves.
   */
  wait(signal: AbortSignal | undefined): Promise<Result>;
}

/**
 * Shares calls between callers when one call can serve several keys. A caller joins the calls in flight for its
 * keys, and starts one call for the remaining keys, so overlapping key sets fetch nothing twice. A call can be
 * joined if it is not yet made, or was made under the same generation, so that a request after an invalidation
 * never joins an older call. A call that Redis has not confirmed must also be young enough.
 */
export class SingleFlight<Result> {
  /** Calls in flight by key, oldest first. */
  readonly #inFlight = new Map<string, Flight<Result>[]>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Joins or starts the calls for these keys.
   *
   * @param known the caller's generations of the contact; `generation` is undefined if nothing is cached for
   *   it.
   */
  join(keys: readonly string[], known: Generations, begin: Begin<Result>): Joined<Result>[] {
    const found = new Map<Flight<Result>, string[]>();
    const rest: string[] = [];
    for (const key of keys) {
      const flight = this.#find(key, known);
      if (flight) found.set(flight, [...(found.get(flight) ?? []), key]);
      else rest.push(key);
    }
    const joined = [...found].map(([flight, flightKeys]) => this.#joined(flight, flightKeys, false));
    if (rest.length === 0) return joined;
    const flight = this.#begin(rest, known.generation, begin);
    for (const key of rest) this.#inFlight.set(key, [...(this.#inFlight.get(key) ?? []), flight]);
    return [...joined, this.#joined(flight, rest, true)];
  }

  /** Returns whether `join` would join a call in flight for this key. */
  isInFlight(key: string, known: Generations): boolean {
    return this.#find(key, known) !== undefined;
  }

  /** Starts a call that is not shared. */
  unshared(keys: readonly string[], begin: Begin<Result>): Joined<Result>[] {
    return [this.#joined(this.#begin(keys, undefined, begin), keys, true)];
  }

  #find(key: string, known: Generations): Flight<Result> | undefined {
    return this.#inFlight.get(key)?.find((flight) => isJoinable(flight, known));
  }

  #begin(keys: readonly string[], generation: string | undefined, begin: Begin<Result>): Flight<Result> {
    const controller = new AbortController();
    const onGeneration = (known: string): void => {
      if (flight.generation === undefined) flight.bornAt = this.#now();
      flight.generation ??= known;
    };
    const result = begin(keys, controller.signal, onGeneration);
    const call = { result, controller };
    const flight: Flight<Result> = { call, keys, generation, bornAt: this.#now(), waiters: 0 };
    const release = () => this.#release(flight);
    // Also handles the rejection when the last waiter has left.
    result.then(release, release);
    return flight;
  }

  /** Removes a call that has ended or is being aborted, so that it cannot be joined. */
  #release(flight: Flight<Result>): void {
    for (const key of flight.keys) {
      const others = this.#inFlight.get(key)?.filter((one) => one !== flight) ?? [];
      if (others.length > 0) this.#inFlight.set(key, others);
      else this.#inFlight.delete(key);
    }
    flight.call = undefined;
  }

  #joined(flight: Flight<Result>, keys: readonly string[], started: boolean): Joined<Result> {
    const { result, controller } = flight.call!;
    flight.waiters += 1;
    const leave = () => {
      flight.waiters -= 1;
      if (flight.waiters > 0) return;
      this.#release(flight);
      controller.abort(new AppError('CLIENT_GONE'));
    };
    return { keys, started, wait: (signal) => untilAborted(result, signal, leave) };
  }
}

function isJoinable<T>(
  flight: Flight<T>,
  { generation, localGeneration, localBornAfter = -Infinity }: Generations,
): boolean {
  if (flight.generation === undefined || flight.generation === generation) return true;
  return flight.generation === localGeneration && flight.bornAt > localBornAfter;
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined, leave: () => void): Promise<T> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      leave();
      reject(new AppError('CLIENT_GONE'));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    result.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}
