import { SingleFlight } from '../../src/cache/single-flight.ts';

function calls() {
  const begun: {
    keys: readonly string[];
    signal: AbortSignal;
    resolve(value: string): void;
    reject(error: Error): void;
  }[] = [];
  const begin = (keys: readonly string[], signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => begun.push({ keys, signal, resolve, reject }));
  return { begun, begin };
}
const patient = new AbortController().signal;

test('asks once for what is under way, and for the rest alone', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const first = flights.join(['a', 'b'], begin);
  const second = flights.join(['b', 'c'], begin);
  expect(begun.map((call) => call.keys)).toEqual([['a', 'b'], ['c']]);
  expect(second.map((joined) => [joined.keys, joined.began])).toEqual([
    [['b'], false],
    [['c'], true],
  ]);
  begun[0]!.resolve('ab');
  begun[1]!.resolve('c');
  await expect(Promise.all([...first, ...second].map((joined) => joined.wait(patient)))).resolves.toEqual([
    'ab',
    'ab',
    'c',
  ]);
  flights.join(['a'], begin);
  expect(begun).toHaveLength(3);
});

test('a failure is everybody’s, and the next one asks anew', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const waiting = [1, 2, 3].map(() => flights.join(['a'], begin)[0]!.wait(patient));
  begun[0]!.reject(new Error('down'));
  const settled = await Promise.allSettled(waiting);
  expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(begun).toHaveLength(1);
  flights.join(['a'], begin);
  expect(begun).toHaveLength(2);
});

test('goes on when the first caller hangs up, and is given up when the last one has', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const callers = [new AbortController(), new AbortController()];
  const waits = callers.map((caller) => flights.join(['a'], begin)[0]!.wait(caller.signal));
  callers[0]!.abort();
  await expect(waits[0]).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  expect(begun[0]!.signal.aborted).toBe(false);
  callers[1]!.abort();
  await expect(waits[1]).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  expect(begun[0]!.signal.aborted).toBe(true);
  // Whoever comes now must not join a call that has been given up.
  flights.join(['a'], begin);
  expect(begun).toHaveLength(2);
});

test('a caller that had gone before it came leaves at once', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  await expect(flights.join(['a'], begin)[0]!.wait(AbortSignal.abort())).rejects.toMatchObject({
    code: 'CLIENT_GONE',
  });
  expect(begun[0]!.signal.aborted).toBe(true);
});
