/**
 * Returns the operation's outcome, or rejects with a TimeoutError after `ms`. The operation may continue; its
 * outcome is ignored then.
 */
export function withTimeout<T>(ms: number, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () =>
      reject(Object.assign(new Error(`timed out after ${ms} ms`), { name: 'TimeoutError' }));
    // After an event-loop stall, timers fire before replies that have already arrived, so let the replies run
    // first.
    const timer = setTimeout(() => setImmediate(() => setImmediate(expire)), ms);
    operation.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: Error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
