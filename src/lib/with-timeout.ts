/** The operation's outcome, or a TimeoutError. The operation itself may go on; its outcome is dropped. */
export function withTimeout<T>(ms: number, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(Object.assign(new Error('Redis took too long'), { name: 'TimeoutError' }));
    // After a stall of this process timers come before the replies that have long arrived: let those in first.
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
