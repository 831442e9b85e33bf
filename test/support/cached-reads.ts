import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import { PARTS, type Part } from '../../src/contact/parts/index.ts';
import type { CacheOutcome, ContactParts } from '../../src/contact/read-contact.ts';
import { AppError, type ErrorCode } from '../../src/errors.ts';
import { newMetrics } from './metrics.ts';

export const POLICY = {
  ttlMs: { contact: 60_000, notes: 30_000, entity: 300_000, profile: 3_600_000, signals: 0 },
  negativeTtlMs: 10_000,
  staleWhileRevalidateMs: 30_000,
  staleIfErrorMs: 3_600_000,
};
export const REF = { org: 'o', member: 'm', contact: 'c' };

/** Creates a cache in memory over an upstream whose version, failure and clock a test sets. */
export function cachedReads(policy: Partial<typeof POLICY> = {}) {
  const world = {
    now: 1_000_000,
    version: 1,
    failure: undefined as ErrorCode | undefined,
    hold: undefined as Promise<void> | undefined,
  };
  const asked: Part[][] = [];
  const refreshFailures: unknown[] = [];
  const storeFailures: unknown[] = [];
  const now = () => world.now;
  const store = memoryPartStore({
    fenceMs: 35_000,
    uncertainMs: 30_000,
    maxBytes: 1e7,
    now,
    metrics: newMetrics(),
  });
  const read = withCache(
    async (query) => {
      asked.push([...query.parts]);
      const { version, failure } = world;
      await world.hold;
      if (failure) throw new AppError(failure);
      const parts = PARTS.filter((part) => part === 'contact' || query.parts.includes(part));
      return Object.fromEntries(parts.map((part) => [part, Buffer.from(`"${part}${version}"`)]));
    },
    {
      store,
      policy: { ...POLICY, ...policy },
      maxWaitMs: 5000,
      metrics: newMetrics(),
      now,
      random: () => 0,
      onRefreshFailure: (error) => refreshFailures.push(error),
      onStoreFailure: (error) => storeFailures.push(error),
    },
  );
  async function get(
    parts: Part[],
    options: { bypass?: boolean; noStore?: boolean; signal?: AbortSignal } = {},
  ) {
    let outcome: CacheOutcome | undefined;
    const found = await read(
      { ...REF, parts },
      {
        signal: new AbortController().signal,
        bypass: false,
        noStore: false,
        ...options,
        onCacheOutcome: (one) => (outcome = one),
      },
    );
    return { text: textOf(found), ...outcome! };
  }
  return { world, asked, refreshFailures, storeFailures, store, get };
}

const textOf = (parts: ContactParts) =>
  Object.values(parts)
    .map((part) => String(part.bytes))
    .join();

/** Waits until all pending promise callbacks have run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
