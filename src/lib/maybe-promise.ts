/**
 * What is there already, or will be. The way of a hit waits for nobody, so none of its steps makes a promise:
 * each would put the rest off to another turn, and a request makes a dozen of them.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with the value, at once where it is there. */
export function thenMaybe<T, U>(
  value: MaybePromise<T>,
  goOn: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
