import { AppError } from '../errors.ts';
import type { Snapshot } from './part-store.ts';

/**
 * Starts one call for these keys; it must settle in bounded time, and is aborted when nobody waits for it.
 *
 * @param learn to be told the generation that the call is made under, where it was not known, before the
 *   call is made, and not before `Begin` has returned.
 */
export type Begin<Result> = (
  keys: readonly string[],
  signal: AbortSignal,
  learn: (generation: string) => void,
) => Promise<Result>;

interface Call<Result> {
  readonly result: Promise<Result>;
  readonly giveUp: AbortController;
}

/**
 * Lets go of its call by hand: when a Map has to be laid out anew, V8 links the old table to the new one, so
 * what has long been deleted from a busy Map, and all that hangs on it, lives on until the whole heap is swept.
 */
interface Flight<Result> {
  call: Call<Result> | undefined;
  readonly keys: readonly string[];
  /** Undefined until it is known, and the call still to be made. */
  generation: string | undefined;
  waiters: number;
}

type Generations = Pick<Snapshot, 'generation' | 'localGeneration'>;

/** A call that a request waits for: one that it began, or one that it found under way. */
export interface Joined<Result> {
  readonly keys: readonly string[];
  readonly began: boolean;
  /**
   * The call's outcome, the same for all who wait. Rejects with `CLIENT_GONE` once `signal` aborts; the
   * call itself goes on while anybody waits for it, and is aborted when the last one has gone.
   */
  wait(signal: AbortSignal): Promise<Result>;
}

/**
 * One call for many callers, where a call may serve several keys at once: keys under way are joined, and
 * one call is begun for the rest, so overlapping sets of keys ask for nothing twice. Joined is a call that is
 * still to be made, or was made under the same generation, so that what comes after an invalidation never
 * joins what began before it.
 */
export class SingleFlight<Result> {
  /** By key, those begun first in front. */
  readonly #underWay = new Map<string, Flight<Result>[]>();

  /** @param known what is known of the contact: no generation where nobody has fetched it. */
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
    for (const key of rest) this.#underWay.set(key, [...(this.#underWay.get(key) ?? []), flight]);
    return [...joined, this.#joined(flight, rest, true)];
  }

  /** A call that nobody joins. */
  alone(keys: readonly string[], begin: Begin<Result>): Joined<Result>[] {
    return [this.#joined(this.#begin(keys, undefined, begin), keys, true)];
  }

  #find(
    key: string,
    { generation, localGeneration }: Generations,
  ): Flight<Result> | undefined {
    return this.#underWay
      .get(key)
      ?.find((flight) => [undefined, generation, localGeneration].includes(flight.generation));
  }

  #begin(keys: readonly string[], generation: string | undefined, begin: Begin<Result>): Flight<Result> {
    const giveUp = new AbortController();
    const learn = (known: string): void => void (flight.generation ??= known);
    const result = begin(keys, giveUp.signal, learn);
    const flight: Flight<Result> = { call: { result, giveUp }, keys, generation, waiters: 0 };
    const land = () => this.#land(flight);
    // Handles a rejection that nobody is left to see.
    result.then(land, land);
    return flight;
  }

  /** Nobody may join a call that has ended, or is being given up. */
  #land(flight: Flight<Result>): void {
    for (const key of flight.keys) {
      const others = this.#underWay.get(key)?.filter((one) => one !== flight) ?? [];
      if (others.length > 0) this.#underWay.set(key, others);
      else this.#underWay.delete(key);
    }
    flight.call = undefined;
  }

  #joined(flight: Flight<Result>, keys: readonly string[], began: boolean): Joined<Result> {
    const { result, giveUp } = flight.call!;
    flight.waiters += 1;
    const leave = () => {
      flight.waiters -= 1;
      if (flight.waiters > 0) return;
      this.#land(flight);
      giveUp.abort(new AppError('CLIENT_GONE'));
    };
    return { keys, began, wait: (signal) => untilAborted(result, signal, leave) };
  }
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal, leave: () => void): Promise<T> {
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
