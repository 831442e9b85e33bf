/**
 * Creates a function that runs one `work` at a time for each key. Callers of a key whose work is running share
 * its result.
 */
export function coalesce<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  return function runOnce(key, work) {
    const shared = running.get(key);
    if (shared) return shared;
    const started = work().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
