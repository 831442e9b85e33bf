import { randomBytes } from 'node:crypto';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { LruTable } from './lru-table.ts';
import type { PartStore } from './part-store.ts';

/**
 * Creates a store in the memory of the process. Requests of one process share calls before they claim parts, so
 * a claim never finds a part held by another claim.
 */
export function memoryPartStore(options: {
  readonly maxBytes: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly metrics: Pick<Metrics, 'gauge'>;
}): PartStore {
  const table = new LruTable(options);
  options.metrics.gauge(
    'memory_cache_bytes',
    'Bytes in the memory store of a process without Redis, overhead included',
    () => table.bytes,
  );

  function generationOf(ref: ContactRef): string {
    const found = table.generationOf(ref.org, ref.contact);
    if (found) return found.generation;
    const generation = newGeneration();
    table.confirm(ref, { generation, confirmedAt: options.now() });
    return generation;
  }

  return {
    read(ref, parts) {
      return table.read(ref, parts);
    },
    async claim(ref, read) {
      const generation = generationOf(ref);
      return {
        generation,
        entries: table.read(ref, read).entries,
        canStore: true,
        heldByOthers: [],
        async store(changes) {
          table.change(ref, generation, changes);
        },
        async fail() {},
      };
    },
    async invalidate(org, contact) {
      table.forget(org, contact);
    },
    forget: (org, contact) => table.forget(org, contact),
  };
}

const GENERATION_BYTES = 12;
const POOL_BYTES = 128 * GENERATION_BYTES;
let pool = Buffer.alloc(0);

/**
 * Returns 96 random bits in base64url, so that generations do not repeat. Takes random bytes from a pool,
 * because one large request costs as much as one small request.
 */
export function newGeneration(): string {
  if (pool.length === 0) pool = randomBytes(POOL_BYTES);
  const generation = pool.toString('base64url', 0, GENERATION_BYTES);
  pool = pool.subarray(GENERATION_BYTES);
  return generation;
}
