import { SingleFlight, type Begin } from '../../src/cache/single-flight.ts';

function calls() {
  const begun: {
    keys: readonly string[];
    signal: AbortSignal;
    learn(generation: string): void;
    resolve(value: string): void;
    reject(error: Error): void;
  }[] = [];
  const begin: Begin<string> = (keys, signal, learn) =>
    new Promise((resolve, reject) => begun.push({ keys, signal, learn, resolve, reject }));
  return { begun, begin };
}
const patient = new AbortController().signal;
const UNKNOWN = { generation: undefined };

test('asks once for what is under way, and for the rest alone', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const first = flights.join(['a', 'b'], { generation: 'g' }, begin);
  const second = flights.join(['b', 'c'], { generation: 'g' }, begin);
  expect(begun.map((call) => call.keys)).toEqual([['a', 'b'], ['c']]);
  expect(second.map((joined) => [joined.keys, joined.started])).toEqual([
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
  flights.join(['a'], { generation: 'g' }, begin);
  expect(begun).toHaveLength(3);
});

test('a failure is everybody’s, and the next one asks anew', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const waiting = [1, 2, 3].map(() => flights.join(['a'], { generation: 'g' }, begin)[0]!.wait(patient));
  begun[0]!.reject(new Error('down'));
  const settled = await Promise.allSettled(waiting);
  expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(begun).toHaveLength(1);
  flights.join(['a'], { generation: 'g' }, begin);
  expect(begun).toHaveLength(2);
});

test('goes on when the first caller hangs up, and is given up when the last one has', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  const callers = [new AbortController(), new AbortController()];
  const waits = callers.map((caller) =>
    flights.join(['a'], { generation: 'g' }, begin)[0]!.wait(caller.signal),
  );
  callers[0]!.abort();
  await expect(waits[0]).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  expect(begun[0]!.signal.aborted).toBe(false);
  callers[1]!.abort();
  await expect(waits[1]).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  expect(begun[0]!.signal.aborted).toBe(true);
  // Whoever comes now must not join a call that has been given up.
  flights.join(['a'], { generation: 'g' }, begin);
  expect(begun).toHaveLength(2);
});

test('a caller that had gone before it came leaves at once', async () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  await expect(
    flights.join(['a'], { generation: 'g' }, begin)[0]!.wait(AbortSignal.abort()),
  ).rejects.toMatchObject({
    code: 'CLIENT_GONE',
  });
  expect(begun[0]!.signal.aborted).toBe(true);
});

describe('a call whose generation is not known yet', () => {
  test('is joined by those who know of none, and then by those who know the same', async () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    const waiting = [flights.join(['a', 'b'], UNKNOWN, begin)[0]!];
    waiting.push(flights.join(['a'], UNKNOWN, begin)[0]!);
    begun[0]!.learn('g');
    waiting.push(flights.join(['b'], { generation: 'g' }, begin)[0]!);
    expect(begun).toHaveLength(1);
    begun[0]!.resolve('ab');
    await expect(Promise.all(waiting.map((one) => one.wait(patient)))).resolves.toEqual(['ab', 'ab', 'ab']);
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(2);
  });

  test('is joined by nobody else once it is known: it may have been invalidated since', () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    begun[0]!.learn('g');
    flights.join(['a'], { generation: 'h' }, begin);
    flights.join(['a'], UNKNOWN, begin);
    expect(begun).toHaveLength(3);
  });

  test('keeps the generation that it learned first', () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    begun[0]!.learn('g');
    begun[0]!.learn('h');
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(1);
    flights.join(['a'], { generation: 'h' }, begin);
    expect(begun).toHaveLength(2);
  });

  test('is joined by those who know one, too: it is still to be made', async () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(1);
  });

  test('does not displace another under the same generation', async () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    const early = flights.join(['a'], { generation: 'g' }, begin)[0]!;
    const late = flights.join(['a'], UNKNOWN, begin)[0]!;
    begun[1]!.learn('g');
    const third = flights.join(['a'], { generation: 'g' }, begin)[0]!;
    begun[0]!.resolve('early');
    begun[1]!.resolve('late');
    await expect(Promise.all([early, late, third].map((one) => one.wait(patient)))).resolves.toEqual([
      'early',
      'late',
      'early',
    ]);
    expect(begun).toHaveLength(2);
  });

  test('learns nothing that anybody could join where it has been given up', async () => {
    const flights = new SingleFlight<string>();
    const { begun, begin } = calls();
    const caller = new AbortController();
    const waiting = flights.join(['a'], UNKNOWN, begin)[0]!.wait(caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    begun[0]!.learn('g');
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(2);
  });
});

test('a call that is made alone is joined by nobody, and joins none', () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  flights.join(['a'], UNKNOWN, begin);
  flights.unshared(['a', 'b'], begin);
  begun[1]!.learn('g');
  flights.join(['b'], { generation: 'g' }, begin);
  flights.join(['b'], UNKNOWN, begin);
  expect(begun.map((call) => call.keys)).toEqual([['a'], ['a', 'b'], ['b'], ['b']]);
});

test('a call that no store could share is joined by those of its process, until an invalidation is heard of', () => {
  const flights = new SingleFlight<string>();
  const { begun, begin } = calls();
  flights.join(['a'], { generation: undefined, localGeneration: 'u' }, begin);
  begun[0]!.learn('u');
  flights.join(['a'], { generation: undefined, localGeneration: 'u' }, begin);
  expect(begun).toHaveLength(1);
  flights.join(['a'], { generation: undefined, localGeneration: 'v' }, begin);
  expect(begun).toHaveLength(2);
});
