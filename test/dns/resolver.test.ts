import { createResolver, LookupError, type Address } from '../../src/dns/resolver.ts';

const ONE: Address = { address: '192.0.2.1', family: 4 };
const TWO: Address = { address: '192.0.2.2', family: 4 };
const HOUR = 3600 * 1000;

/** A resolver with a clock and a query under the control of the test. */
function setUp() {
  let time = 0;
  const calls: {
    name: string;
    signal: AbortSignal;
    succeed(found: Address[]): void;
    fail(error: Error): void;
  }[] = [];
  const resolve = createResolver({
    monotonicNow: () => time,
    query: (name, _family, signal) =>
      new Promise((succeed, fail) => {
        calls.push({ name, signal, succeed, fail });
      }),
  });
  async function known(name: string, address: Address): Promise<void> {
    const found = resolve(name, 0);
    calls.at(-1)!.succeed([address]);
    await found;
  }
  return { calls, resolve, known, pass: (ms: number) => void (time += ms) };
}
const failure = (code: LookupError['code']) => new LookupError(code, 'redis.example');

test('shares one look-up among all callers of a name, in any case', async () => {
  const { calls, resolve } = setUp();
  const all = Array.from({ length: 50 }, (_, index) =>
    resolve(index % 2 ? 'redis.example' : 'REDIS.example', 0),
  );
  expect(calls).toHaveLength(1);
  calls[0]!.succeed([ONE]);
  await expect(Promise.all(all)).resolves.toEqual(all.map(() => [ONE]));
});

test('keeps an address for 5 s and looks it up again after that', async () => {
  const { calls, resolve, known, pass } = setUp();
  await known('redis.example', ONE);
  pass(4999);
  await expect(resolve('redis.example', 0)).resolves.toEqual([ONE]);
  expect(calls).toHaveLength(1);
  pass(1);
  const next = resolve('redis.example', 0);
  calls[1]!.succeed([TWO]);
  await expect(next).resolves.toEqual([TWO]);
});

test('rejects callers of a slow look-up with EAI_AGAIN, and serves later callers from it', async () => {
  const { calls, resolve } = setUp();
  await expect(resolve('redis.example', 0)).rejects.toMatchObject({
    code: 'EAI_AGAIN',
    hostname: 'redis.example',
  });
  const later = resolve('redis.example', 0);
  expect(calls).toHaveLength(1);
  calls[0]!.succeed([ONE]);
  await expect(later).resolves.toEqual([ONE]);
});

test('ends a look-up without a response, and starts another one', async () => {
  const { calls, resolve, pass } = setUp();
  await expect(resolve('redis.example', 0)).rejects.toThrow();
  await new Promise((aborted) => calls[0]!.signal.addEventListener('abort', aborted));
  calls[0]!.fail(new Error('aborted'));
  await expect(resolve('redis.example', 0)).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  expect(calls).toHaveLength(1);
  pass(1000);
  const next = resolve('redis.example', 0);
  expect(calls).toHaveLength(2);
  calls[1]!.succeed([ONE]);
  await expect(next).resolves.toEqual([ONE]);
});

test('returns the last good address when a look-up is slow, and then uses its result', async () => {
  const { calls, resolve, known, pass } = setUp();
  await known('redis.example', ONE);
  pass(HOUR);
  await expect(resolve('redis.example', 0)).resolves.toEqual([ONE]);
  calls[1]!.succeed([TWO]);
  await expect(resolve('redis.example', 0)).resolves.toEqual([TWO]);
});

test('returns the last good address for a day while name servers fail', async () => {
  const { calls, resolve, known, pass } = setUp();
  await known('redis.example', ONE);
  for (const [ms, outcome] of [
    [23 * HOUR, [ONE]],
    [HOUR, undefined],
  ] as const) {
    pass(ms);
    const found = resolve('redis.example', 0);
    calls.at(-1)!.fail(failure('EAI_AGAIN'));
    if (outcome) await expect(found).resolves.toEqual(outcome);
    else await expect(found).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  }
});

test('returns the last good address of a name that name servers deny for a minute at most', async () => {
  const { calls, resolve, known, pass } = setUp();
  await known('redis.example', ONE);
  pass(59_000);
  const found = resolve('redis.example', 0);
  calls[1]!.fail(failure('ENOTFOUND'));
  await expect(found).resolves.toEqual([ONE]);
  pass(999);
  await expect(resolve('redis.example', 0)).resolves.toEqual([ONE]);
  pass(1);
  const denied = resolve('redis.example', 0);
  calls[2]!.fail(failure('ENOTFOUND'));
  await expect(denied).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('does not delay a look-up when another name gets no response', async () => {
  const { calls, resolve } = setUp();
  const silent = Array.from({ length: 20 }, (_, index) => resolve(`silent${index}.example`, 0));
  const found = resolve('upstream.example', 0);
  calls.at(-1)!.succeed([ONE]);
  await expect(found).resolves.toEqual([ONE]);
  const settled = await Promise.allSettled(silent);
  expect(new Set(settled.map(({ status }) => status))).toEqual(new Set(['rejected']));
});

test('keeps the 1,000 most recently used names', async () => {
  const { calls, resolve, known } = setUp();
  await known('first.example', ONE);
  for (let index = 0; index < 999; index += 1) await known(`${index}.example`, TWO);
  await resolve('first.example', 0);
  await known('one-more.example', TWO);
  const before = calls.length;
  await resolve('first.example', 0);
  expect(calls).toHaveLength(before);
  const evicted = resolve('0.example', 0);
  expect(calls).toHaveLength(before + 1);
  calls.at(-1)!.succeed([TWO]);
  await evicted;
});
