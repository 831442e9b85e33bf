import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { CachePolicy } from '../../src/cache/freshness.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import { PARTS, INCLUDES, type Part } from '../../src/contact/parts/index.ts';
import { randomFrom } from '../../src/sandbox/random.ts';
import { newMetrics } from '../support/metrics.ts';
import { newSecret } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';
import { settled } from '../support/fake-clock.ts';

export interface SimulationOptions {
  readonly policy: CachePolicy;
  readonly contacts: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
}

export interface SimulationResult {
  readonly requests: number;
  /** Upstream calls with one key per part, in the real cache on a simulated clock. */
  readonly perPart: number;
  /** Upstream calls with one key per include set, whose TTL is the shortest of its parts. */
  readonly perIncludeSet: number;
  readonly ratio: number;
}

/** Returns the default TTLs. */
export function shippedPolicy(): CachePolicy {
  return loadConfig(programEnv({ url: 'http://127.0.0.1:1' }, newSecret())).cache;
}

const MEMORY_BYTES = 512 * 1024 * 1024;
const SETS: readonly (readonly Part[])[] = Array.from({ length: 2 ** INCLUDES.length }, (_, bits) => [
  'contact',
  ...INCLUDES.filter((_include, index) => (bits >> index) % 2 === 1),
]);

/**
 * Sends the same requests to both caches: contacts by Zipf's law (s = 1), include sets uniformly, random
 * arrivals. The upstream responds at once. Both caches serve stale responses while they revalidate.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { policy, contacts, seconds, requestsPerSecond, seed } = options;
  const random = uniform(seed);
  const pickContact = zipf(contacts);
  let now = 0;
  const parts = perPartCache(policy, () => now, uniform(seed + 1));
  const sets = perSetCache(policy, () => now, uniform(seed + 2));
  const end = seconds * 1000;
  let requests = 0;
  for (;;) {
    now += (-Math.log(1 - random()) * 1000) / requestsPerSecond;
    if (now >= end) break;
    requests += 1;
    const contact = String(pickContact(random()));
    const include = SETS[Math.floor(random() * SETS.length)]!;
    await parts.request(contact, include);
    sets.request(contact, include);
  }
  const [perPart, perIncludeSet] = [parts.calls(), sets.calls()];
  return { requests, perPart, perIncludeSet, ratio: perPart / perIncludeSet };
}

function perPartCache(policy: CachePolicy, now: () => number, random: () => number) {
  let calls = 0;
  const bytes = Buffer.from('null');
  const answer = Object.fromEntries(PARTS.map((part) => [part, bytes]));
  const read = withCache(
    async ({ parts }) => {
      calls += 1;
      // The upstream returns the contact with every response.
      return Object.fromEntries(['contact', ...parts].map((part) => [part, answer[part]]));
    },
    {
      store: memoryPartStore({
        fenceMs: 35_000,
        uncertainMs: 30_000,
        maxBytes: MEMORY_BYTES,
        now,
        metrics: newMetrics(),
      }),
      metrics: newMetrics(),
      now,
      policy,
      maxWaitMs: 5000,
      random,
      onRefreshFailure: raise,
      onStoreFailure: raise,
    },
  );
  const options = { signal: new AbortController().signal, bypass: false, noStore: false };
  return {
    calls: () => calls,
    async request(contact: string, parts: readonly Part[]) {
      let stale = false;
      await read(
        { org: 'org', member: 'member', contact, parts },
        { ...options, onCacheOutcome: ({ result }) => (stale = result === 'stale') },
      );
      // A background refresh finishes before the clock advances.
      if (stale) await settled();
    },
  };
}

function perSetCache(policy: CachePolicy, now: () => number, random: () => number) {
  const staleAt = new Map<string, number>();
  let calls = 0;
  return {
    calls: () => calls,
    request(contact: string, parts: readonly Part[]): void {
      const key = `${contact}:${parts.join()}`;
      if ((staleAt.get(key) ?? -Infinity) > now()) return;
      // A stale or missing entry causes one call, whose response is fresh from now on.
      calls += 1;
      const shortest = Math.min(...parts.map((part) => policy.ttlMs[part]));
      staleAt.set(key, now() + shortest * (1 - 0.1 * random()));
    },
  };
}

/** Inverts the cumulative distribution: returns rank k with a probability proportional to 1/k. */
function zipf(count: number): (u: number) => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) sums[rank - 1] = sum += 1 / rank;
  return (u) => {
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < u * sum) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function uniform(seed: number): () => number {
  const { below } = randomFrom(seed);
  return () => below(2 ** 32) / 2 ** 32;
}

function raise(error: unknown): never {
  throw error;
}
