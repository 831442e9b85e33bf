import { AppError } from '../errors.ts';

interface Flight<Result> {
  readonly result: Promise<Result>;
  readonly giveUp: AbortController;
  readonly keys: readonly string[];
  waiters: number;
}

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
 * one call is begun for the rest, so overlapping sets of keys ask for nothing twice.
 */
export class SingleFlight<Result> {
  readonly #underWay = new Map<string, Flight<Result>>();

  /** @param begin starts one call for these keys; it must settle in bounded time. */
  join(
    keys: readonly string[],
    begin: (keys: readonly string[], signal: AbortSignal) => Promise<Result>,
  ): Joined<Result>[] {
    const found = new Map<Flight<Result>, string[]>();
    const rest: string[] = [];
    for (const key of keys) {
      const flight = this.#underWay.get(key);
      if (flight) found.set(flight, [...(found.get(flight) ?? []), key]);
      else rest.push(key);
    }
    const joined = [...found].map(([flight, flightKeys]) => this.#joined(flight, flightKeys, false));
    if (rest.length > 0) joined.push(this.#joined(this.#begin(rest, begin), rest, true));
    return joined;
  }

  #begin(
    keys: readonly string[],
    begin: (keys: readonly string[], signal: AbortSignal) => Promise<Result>,
  ): Flight<Result> {
    const giveUp = new AbortController();
    const flight: Flight<Result> = { result: begin(keys, giveUp.signal), giveUp, keys, waiters: 0 };
    for (const key of keys) this.#underWay.set(key, flight);
    const land = () => this.#land(flight);
    // Handles a rejection that nobody is left to see.
    flight.result.then(land, land);
    return flight;
  }

  #land(flight: Flight<Result>): void {
    for (const key of flight.keys) {
      if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
    }
  }

  #joined(flight: Flight<Result>, keys: readonly string[], began: boolean): Joined<Result> {
    flight.waiters += 1;
    const leave = () => {
      flight.waiters -= 1;
      if (flight.waiters > 0) return;
      // Nobody may join a call that is being given up.
      this.#land(flight);
      flight.giveUp.abort(new AppError('CLIENT_GONE'));
    };
    return { keys, began, wait: (signal) => untilAborted(flight.result, signal, leave) };
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
