import { SingleFlight, type Begin } from '../../src/cache/single-flight.ts';

function calls() {
  const begun: {
    keys: readonly string[];
    signal: AbortSignal;
    onGeneration(generation: string): void;
    resolve(value: string): void;
    reject(error: Error): void;
  }[] = [];
  const begin: Begin<string> = (keys, signal, onGeneration) =>
    new Promise((resolve, reject) => begun.push({ keys, signal, onGeneration, resolve, reject }));
  return { begun, begin };
}
const clock = { now: 0 };
const patient = new AbortController().signal;
const UNKNOWN = { generation: undefined };

test('joins the calls in flight and starts one call for the remaining keys', async () => {
  const flights = new SingleFlight<string>(() => clock.now);
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

test('rejects all waiters when the call fails, and starts a new call afterwards', async () => {
  const flights = new SingleFlight<string>(() => clock.now);
  const { begun, begin } = calls();
  const waiting = [1, 2, 3].map(() => flights.join(['a'], { generation: 'g' }, begin)[0]!.wait(patient));
  begun[0]!.reject(new Error('down'));
  const settled = await Promise.allSettled(waiting);
  expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(begun).toHaveLength(1);
  flights.join(['a'], { generation: 'g' }, begin);
  expect(begun).toHaveLength(2);
});

test('continues when one waiter leaves, and aborts the call when the last one leaves', async () => {
  const flights = new SingleFlight<string>(() => clock.now);
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
  // A later caller must not join an aborted call.
  flights.join(['a'], { generation: 'g' }, begin);
  expect(begun).toHaveLength(2);
});

test('rejects a waiter immediately when its signal is already aborted', async () => {
  const flights = new SingleFlight<string>(() => clock.now);
  const { begun, begin } = calls();
  await expect(
    flights.join(['a'], { generation: 'g' }, begin)[0]!.wait(AbortSignal.abort()),
  ).rejects.toMatchObject({
    code: 'CLIENT_GONE',
  });
  expect(begun[0]!.signal.aborted).toBe(true);
});

describe('a call with an unknown generation', () => {
  test('is joined by requests without a generation, then by requests with the same generation', async () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    const waiting = [flights.join(['a', 'b'], UNKNOWN, begin)[0]!];
    waiting.push(flights.join(['a'], UNKNOWN, begin)[0]!);
    begun[0]!.onGeneration('g');
    waiting.push(flights.join(['b'], { generation: 'g' }, begin)[0]!);
    expect(begun).toHaveLength(1);
    begun[0]!.resolve('ab');
    await expect(Promise.all(waiting.map((one) => one.wait(patient)))).resolves.toEqual(['ab', 'ab', 'ab']);
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(2);
  });

  test('is not joined under another generation after its own is known', () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    begun[0]!.onGeneration('g');
    flights.join(['a'], { generation: 'h' }, begin);
    flights.join(['a'], UNKNOWN, begin);
    expect(begun).toHaveLength(3);
  });

  test('keeps its first generation', () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    begun[0]!.onGeneration('g');
    begun[0]!.onGeneration('h');
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(1);
    flights.join(['a'], { generation: 'h' }, begin);
    expect(begun).toHaveLength(2);
  });

  test('is joined by requests with a generation while the upstream call is not yet made', async () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    flights.join(['a'], UNKNOWN, begin);
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(1);
  });

  test('does not replace another call under the same generation', async () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    const early = flights.join(['a'], { generation: 'g' }, begin)[0]!;
    const late = flights.join(['a'], UNKNOWN, begin)[0]!;
    begun[1]!.onGeneration('g');
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

  test('is not joined after it is aborted', async () => {
    const flights = new SingleFlight<string>(() => clock.now);
    const { begun, begin } = calls();
    const caller = new AbortController();
    const waiting = flights.join(['a'], UNKNOWN, begin)[0]!.wait(caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    begun[0]!.onGeneration('g');
    flights.join(['a'], { generation: 'g' }, begin);
    expect(begun).toHaveLength(2);
  });
});

test('an unshared call does not join other calls and is not joined', () => {
  const flights = new SingleFlight<string>(() => clock.now);
  const { begun, begin } = calls();
  flights.join(['a'], UNKNOWN, begin);
  flights.unshared(['a', 'b'], begin);
  begun[1]!.onGeneration('g');
  flights.join(['b'], { generation: 'g' }, begin);
  flights.join(['b'], UNKNOWN, begin);
  expect(begun.map((call) => call.keys)).toEqual([['a'], ['a', 'b'], ['b'], ['b']]);
});

test('shares a call under the local generation until an invalidation is received', () => {
  const flights = new SingleFlight<string>(() => clock.now);
  const { begun, begin } = calls();
  flights.join(['a'], { generation: undefined, localGeneration: 'u' }, begin);
  begun[0]!.onGeneration('u');
  flights.join(['a'], { generation: undefined, localGeneration: 'u' }, begin);
  expect(begun).toHaveLength(1);
  flights.join(['a'], { generation: undefined, localGeneration: 'v' }, begin);
  expect(begun).toHaveLength(2);
});

test('joins an unconfirmed call only while it is young enough', () => {
  const flights = new SingleFlight<string>(() => clock.now);
  const { begun, begin } = calls();
  const joinAfter = (localBornAfter: number) =>
    flights.join(['a'], { generation: undefined, localGeneration: 'u', localBornAfter }, begin)[0]!.started;
  clock.now = 100;
  expect(joinAfter(0)).toBe(true);
  clock.now = 200;
  begun[0]!.onGeneration('u');
  expect([joinAfter(199), joinAfter(200)]).toEqual([false, true]);
});
