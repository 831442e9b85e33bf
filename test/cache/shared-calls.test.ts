import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import type { PartStore } from '../../src/cache/part-store.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import { PARTS, type Part } from '../../src/contact/parts/index.ts';
import { AppError, type ErrorCode } from '../../src/errors.ts';
import { newMetrics } from '../support/metrics.ts';

const POLICY = {
  ttlMs: { contact: 60_000, notes: 30_000, entity: 300_000, profile: 3_600_000, signals: 0 },
  negativeTtlMs: 10_000,
  staleWhileRevalidateMs: 30_000,
  staleIfErrorMs: 3_600_000,
};
const REF = { org: 'o', member: 'm', contact: 'c' };
const FENCES = { fenceMs: 35_000, uncertainMs: 30_000 };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Creates a cache in front of an upstream whose calls end under the control of the test. */
function setUpCalls(policy: Partial<typeof POLICY> = {}) {
  let at = 1000;
  const now = () => (at += 1);
  const calls: { parts: readonly Part[]; answer(result: string): void }[] = [];
  const gates = { claim: Promise.resolve(), store: Promise.resolve(), isOrdered: true };
  const memory = memoryPartStore({ ...FENCES, maxBytes: 1e7, now, metrics: newMetrics() });
  const store: PartStore = {
    ...memory,
    async claim(...args) {
      await gates.claim;
      const claim = await memory.claim(...args);
      return { ...claim, store: async (changes) => gates.store.then(() => claim.store(changes)) };
    },
    latest: (...args) => (gates.isOrdered ? memory.latest(...args) : {}),
  };
  const read = withCache(
    (query) =>
      new Promise((resolve, reject) => {
        calls.push({
          parts: query.parts,
          answer(result) {
            if (/^[A-Z_]+$/.test(result)) return reject(new AppError(result as ErrorCode));
            const parts = PARTS.filter((part) => part === 'contact' || query.parts.includes(part));
            resolve(Object.fromEntries(parts.map((part) => [part, Buffer.from(`${part}:${result}`)])));
          },
        });
      }),
    {
      store,
      policy: { ...POLICY, ...policy },
      maxWaitMs: 5000,
      metrics: newMetrics(),
      now,
      random: () => 0,
      onRefreshFailure: () => {},
      onStoreFailure: () => {},
    },
  );
  const get = async (parts: Part[], bypass = false) => {
    const { signal } = new AbortController();
    const found = await read({ ...REF, parts }, { signal, bypass, noStore: false, onCacheOutcome: () => {} });
    return Object.values(found)
      .map((part) => String(part.bytes))
      .join();
  };
  /** Resolves when the call with this index has begun. */
  const callAt = async (index: number) => {
    while (calls.length <= index) await settle();
    return calls[index]!;
  };
  return { calls, get, callAt, gates, pass: (ms: number) => (at += ms) };
}
const NOT_FOUND = { code: 'CONTACT_NOT_FOUND' };

/** Starts a request that joins a call for the notes and begins one for the entity. */
async function joinTwo() {
  const world = setUpCalls();
  const older = world.get(['contact', 'notes']);
  older.catch(() => {});
  await settle();
  const both = world.get(['contact', 'notes', 'entity']);
  both.catch(() => {});
  await settle();
  const [notes, entity] = world.calls;
  return { ...world, older, both, notes: notes!, entity: entity! };
}

describe('joined calls that disagree on whether the contact exists', () => {
  test.each(['the older call ends first', 'the newer call ends first'])(
    'fetches parts again that an older not-found left missing (%s)',
    async (order) => {
      const { older, both, notes, entity, callAt, get } = await joinTwo();
      if (order.includes('older')) notes.answer('CONTACT_NOT_FOUND');
      entity.answer('v2');
      await settle();
      if (order.includes('newer')) notes.answer('CONTACT_NOT_FOUND');
      const third = await callAt(2);
      expect(third.parts).toEqual(['notes']);
      third.answer('v3');
      expect(await both).toBe('contact:v3,notes:v3,entity:v2');
      // The older request does not go back behind the newer call.
      expect(await older).toBe('contact:v3,notes:v3');
      expect(await get(['contact', 'notes'])).toBe('contact:v3,notes:v3');
    },
  );

  test('responds with not-found when the newer call finds none', async () => {
    const { both, older, notes, entity } = await joinTwo();
    notes.answer('v1');
    entity.answer('CONTACT_NOT_FOUND');
    await expect(both).rejects.toMatchObject(NOT_FOUND);
    await expect(older).rejects.toMatchObject(NOT_FOUND);
  });

  test('responds with not-found when the repeated call does not find the contact', async () => {
    const { both, notes, entity, callAt } = await joinTwo();
    notes.answer('CONTACT_NOT_FOUND');
    entity.answer('v2');
    (await callAt(2)).answer('CONTACT_NOT_FOUND');
    await expect(both).rejects.toMatchObject(NOT_FOUND);
  });

  test('fails when the repeated call fails and there is no stale part', async () => {
    const { both, notes, entity, callAt, calls } = await joinTwo();
    notes.answer('CONTACT_NOT_FOUND');
    entity.answer('v2');
    (await callAt(2)).answer('UPSTREAM_UNAVAILABLE');
    await expect(both).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(calls).toHaveLength(3);
  });

  test('shares the repeated call between requests', async () => {
    const { get, notes, entity, callAt, calls } = await joinTwo();
    const crowd = Array.from({ length: 20 }, () => get(['contact', 'notes', 'entity']));
    await settle();
    notes.answer('CONTACT_NOT_FOUND');
    entity.answer('v2');
    (await callAt(2)).answer('v3');
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(['contact:v3,notes:v3,entity:v2']));
    expect(calls).toHaveLength(3);
  });

  test('fails instead of repeating the call when no time is left', async () => {
    const { both, notes, entity, pass, calls } = await joinTwo();
    notes.answer('CONTACT_NOT_FOUND');
    pass(6000);
    entity.answer('v2');
    await expect(both).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(calls).toHaveLength(2);
  });

  test('does not remove a cached part that is newer than the not-found', async () => {
    const { get, calls, callAt } = setUpCalls();
    const slow = get(['entity']);
    slow.catch(() => {});
    await settle();
    const cached = get(['notes'], true);
    await settle();
    calls[1]!.answer('v2');
    await cached;
    const both = get(['notes', 'entity']);
    await settle();
    expect(calls).toHaveLength(2);
    calls[0]!.answer('CONTACT_NOT_FOUND');
    const again = await callAt(2);
    expect(again.parts).toEqual(['entity']);
    again.answer('v3');
    expect(await both).toBe('notes:v2,entity:v3');
    expect(await slow).toBe('entity:v3');
  });

  test('makes an unshared call when a shared call repeats the older result', async () => {
    const { both, notes, entity, get, callAt, gates } = await joinTwo();
    const [claim, store] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    Object.assign(gates, { claim: claim.promise, store: store.promise });
    notes.answer('CONTACT_NOT_FOUND');
    await settle();
    // The request finds nothing stored, begins a call, and then finds the older result stored.
    const between = get(['notes']);
    between.catch(() => {});
    await settle();
    gates.store = new Promise(() => {});
    entity.answer('v2');
    store.resolve();
    await settle();
    claim.resolve();
    const last = await callAt(2);
    expect(last.parts).toEqual(['notes']);
    last.answer('v3');
    expect(await both).toBe('contact:v3,notes:v3,entity:v2');
    expect(await between).toBe('notes:v3');
  });
});

describe('a failure of one of several joined calls', () => {
  test('becomes a not-found when a later call finds no contact', async () => {
    const { get, calls } = setUpCalls();
    const older = get(['notes']);
    older.catch(() => {});
    await settle();
    const both = get(['notes', 'entity']);
    both.catch(() => {});
    await settle();
    calls[0]!.answer('UPSTREAM_UNAVAILABLE');
    calls[1]!.answer('CONTACT_NOT_FOUND');
    await expect(both).rejects.toMatchObject(NOT_FOUND);
  });

  test('is covered by a stale part, next to the result of the other call', async () => {
    const { get, calls, pass } = setUpCalls({ staleWhileRevalidateMs: 0 });
    const first = get(['notes']);
    await settle();
    calls[0]!.answer('v1');
    await first;
    pass(40_000);
    const both = get(['notes', 'entity']);
    const failing = get(['notes']);
    await settle();
    const [, ...begun] = calls;
    for (const call of begun) call.answer(call.parts.includes('entity') ? 'v2' : 'UPSTREAM_TIMEOUT');
    expect([await both, await failing].join()).toContain('entity:v2');
  });

  test('is not covered by a part older than a not-found', async () => {
    const { get, calls, pass } = setUpCalls({ staleWhileRevalidateMs: 0 });
    const first = get(['contact', 'entity']);
    await settle();
    calls[0]!.answer('v1');
    await first;
    const gone = get(['contact'], true);
    await settle();
    calls[1]!.answer('CONTACT_NOT_FOUND');
    await expect(gone).rejects.toMatchObject(NOT_FOUND);
    pass(11_000);
    const after = get(['contact', 'entity']);
    await settle();
    calls[2]!.answer('UPSTREAM_TIMEOUT');
    await expect(after).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });
});

test('repeats a call that bypasses the cache if a response was shown whose order to it is not known', async () => {
  const { get, callAt, gates } = setUpCalls();
  gates.isOrdered = false;
  const read = get(['contact'], true);
  (await callAt(0)).answer('1');
  const second = await callAt(1);
  gates.isOrdered = true;
  second.answer('2');
  expect(await read).toBe('contact:2');
});
