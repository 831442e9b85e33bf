import type { Metrics } from '../telemetry/metrics.ts';
import type { ContactRef } from '../contact/read-contact.ts';
import { LruTable } from './lru-table.ts';
import { memoryFences } from './memory-fences.ts';
import { notBehind } from './merge-entries.ts';
import type { FetchLease, PartStore } from './part-store.ts';
import { randomId } from './random-id.ts';

export interface MemoryPartStoreOptions {
  readonly maxBytes: number;
  /** Milliseconds for which a write closes its contact if its outcome stays unknown; more than any call takes. */
  readonly fenceMs: number;
  /** Milliseconds for which the upstream may still carry out a write with an unknown outcome. */
  readonly uncertainMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly metrics: Pick<Metrics, 'gauge'>;
}

/**
 * Creates a store in the memory of the process. Requests of one process share calls before they claim parts, so
 * a claim never finds a part held by another claim.
 */
export function memoryPartStore(options: MemoryPartStoreOptions): PartStore {
  const table = new LruTable({ ...options, floorMs: options.fenceMs });
  const fences = memoryFences({ now: options.now, randomId });
  let number = 0;
  options.metrics.gauge(
    'memory_cache_bytes',
    'Bytes in the memory store of a process without Redis, overhead included',
    () => table.bytes,
  );

  function generationOf(ref: ContactRef): string {
    const found = table.generationOf(ref.org, ref.contact);
    if (found && found.generation !== '') return found.generation;
    const generation = randomId();
    table.confirm(ref, { generation, confirmedAt: options.now() });
    return generation;
  }

  function forget(org: string, contact: string): void {
    table.unconfirm(org, contact);
    fences.renew(org, contact);
  }

  return {
    read(ref, parts) {
      const localGeneration = fences.generationOf(ref.org, ref.contact);
      if (localGeneration !== undefined) return { generation: undefined, entries: {}, localGeneration };
      return table.read(ref, parts);
    },
    async claim(ref, read): Promise<FetchLease> {
      const closedGeneration = fences.generationOf(ref.org, ref.contact);
      const generation = closedGeneration ?? generationOf(ref);
      number += 1;
      return {
        generation,
        number,
        entries: closedGeneration === undefined ? table.read(ref, read).entries : {},
        canStore: closedGeneration === undefined,
        heldByOthers: [],
        async store(changes) {
          table.change(ref, generation, changes);
        },
        async fail() {},
      };
    },
    async invalidate(org, contact) {
      forget(org, contact);
    },
    async fence(org, contact) {
      const closed = fences.close(org, contact, options.fenceMs);
      forget(org, contact);
      return {
        async open() {
          closed.open();
          forget(org, contact);
        },
        uncertain: () => closed.keep(options.uncertainMs),
      };
    },
    latest(ref, entries) {
      const shown = notBehind(entries, table.floor(ref));
      table.show(ref, shown);
      return shown;
    },
    async close() {},
  };
}
