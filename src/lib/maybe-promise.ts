/**
 * A value, or a promise of one. A near-cache hit creates no promises, because each promise defers the rest to
 * another microtask and a request has about a dozen steps.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Calls `step` with the value, synchronously if the value is not a promise. */
export function thenMaybe<T, U>(
  value: MaybePromise<T>,
  step: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(step) : step(value);
}
