/** Values of the keys, in their order. */
export type ReadKeys<Value> = (keys: readonly string[]) => Promise<readonly Value[]>;

interface Waiter<Value> {
  readonly from: number;
  readonly to: number;
  readonly resolve: (values: readonly Value[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A command holds up the server for as long as it takes. */
const MAX_KEYS = 512;

/** One command for all reads of a turn of the event loop: each costs the client more than what it reads. */
export function batchReads<Value>(read: ReadKeys<Value>): ReadKeys<Value> {
  let keys: string[] = [];
  let waiting: Waiter<Value>[] = [];

  function send(): void {
    const [asked, waiters] = [keys, waiting];
    if (waiters.length === 0) return;
    [keys, waiting] = [[], []];
    read(asked).then(
      (values) => {
        for (const { from, to, resolve } of waiters) resolve(values.slice(from, to));
      },
      (error: unknown) => {
        for (const { reject } of waiters) reject(error);
      },
    );
  }

  return (wanted) => {
    if (keys.length + wanted.length > MAX_KEYS) send();
    if (waiting.length === 0) setImmediate(send);
    const from = keys.length;
    for (const key of wanted) keys.push(key);
    return new Promise((resolve, reject) => {
      waiting.push({ from, to: keys.length, resolve, reject });
    });
  };
}
