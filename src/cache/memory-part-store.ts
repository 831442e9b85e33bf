import { randomBytes } from 'node:crypto';
import type { Metrics } from '../telemetry/metrics.ts';
import { EntryTable } from './entry-table.ts';
import type { PartStore } from './part-store.ts';

/**
 * The engine inside the process. Requests of one process share calls before they come here, so nobody else
 * ever claims a part.
 */
export function memoryPartStore(options: {
  readonly maxBytes: number;
  readonly now: () => number;
  readonly metrics: Pick<Metrics, 'gauge'>;
}): PartStore {
  const table = new EntryTable(options);
  options.metrics.gauge(
    'memory_cache_bytes',
    'Bytes in the cache of a process without Redis, overhead included',
    () => table.bytes,
  );

  function generationOf(org: string, contact: string): string {
    const found = table.markOf(org, contact);
    if (found) return found.generation;
    const generation = newGeneration();
    table.mark(org, contact, { generation, confirmedAt: options.now() });
    return generation;
  }

  return {
    read(ref, parts) {
      const generation = table.markOf(ref.org, ref.contact)?.generation;
      return { generation, entries: generation === undefined ? {} : table.entriesOf(ref, parts, generation) };
    },
    open(ref, parts) {
      const generation = generationOf(ref.org, ref.contact);
      return { generation, entries: table.entriesOf(ref, parts, generation) };
    },
    async claim(ref, read) {
      const generation = generationOf(ref.org, ref.contact);
      return {
        generation,
        entries: table.entriesOf(ref, read, generation),
        elsewhere: [],
        async store(changes) {
          if (table.markOf(ref.org, ref.contact)?.generation === generation)
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

/** 96 random bits, so that no generation ever comes again. */
export function newGeneration(): string {
  return randomBytes(12).toString('base64url');
}
