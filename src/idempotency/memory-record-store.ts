import { AppError } from '../errors.ts';
import { LEASE_MS, type RecordStore, type StoredRecord } from './record-store.ts';

interface MemoryRecord extends Omit<StoredRecord, 'held'> {
  readonly heldUntil: number;
  readonly expiresAt: number;
}

export interface MemoryRecordStoreOptions {
  readonly ttlMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The estimated size of a record in addition to its data. */
const OVERHEAD_BYTES = 400;

/**
 * Creates a store in the memory of the process. When it is full, it evicts the records that ended first, and
 * rejects new keys if every record is held.
 */
export function memoryRecordStore({
  ttlMs,
  maxRecords,
  maxBytes,
  now,
}: MemoryRecordStoreOptions): RecordStore {
  /** In the order in which the records were stored. */
  const records = new Map<string, MemoryRecord>();
  let bytes = 0;

  function find(key: string): MemoryRecord | undefined {
    const record = records.get(key);
    if (!record || record.expiresAt > now()) return record;
    remove(key, record);
    return undefined;
  }

  function remove(key: string, record: MemoryRecord): void {
    records.delete(key);
    bytes -= sizeOf(record);
  }

  function put(key: string, record: Omit<MemoryRecord, 'expiresAt'>): void {
    const replaced = records.get(key);
    if (replaced) remove(key, replaced);
    records.set(key, { ...record, expiresAt: Math.max(now(), record.heldUntil) + ttlMs });
    bytes += sizeOf(record);
  }

  /**
   * Removes expired records, and the oldest ones that are not held until this many more records and bytes fit.
   * Returns whether they fit.
   */
  function makeRoom(moreRecords: number, moreBytes: number): boolean {
    const fits = () => records.size + moreRecords <= maxRecords && bytes + moreBytes <= maxBytes;
    for (const [key, record] of records) {
      if (fits() && record.expiresAt > now()) return true;
      if (!isHeld(record)) remove(key, record);
    }
    return fits();
  }

  function isHeld({ heldUntil }: MemoryRecord): boolean {
    return heldUntil > now();
  }

  /** Changes a record that has this token. */
  function change(key: string, token: string, changes: Partial<MemoryRecord>): boolean {
    const record = find(key);
    if (record?.token !== token) return false;
    put(key, { ...record, ...changes });
    return true;
  }

  return {
    async claim(key, token, data) {
      const found = find(key);
      if (found && (found.stage !== 'claimed' || isHeld(found))) return { ...found, held: isHeld(found) };
      if (!makeRoom(1, data.length + OVERHEAD_BYTES)) throw new AppError('OVERLOADED', { outcome: 'none' });
      put(key, { stage: 'claimed', token, heldUntil: now() + LEASE_MS, data });
      return undefined;
    },
    async takeOver(key, readToken, token) {
      const found = find(key);
      if (found?.stage !== 'started' || isHeld(found)) return false;
      return change(key, readToken, { token, heldUntil: now() + LEASE_MS });
    },
    start: async (key, token, data) =>
      change(key, token, { stage: 'started', heldUntil: now() + LEASE_MS, data }),
    renew: async (key, token) => change(key, token, { heldUntil: now() + LEASE_MS }),
    async settle(key, token, stage, data) {
      const found = find(key);
      if (found && found.token !== token) return false;
      put(key, { stage, token, heldUntil: 0, data });
      makeRoom(0, 0);
      return true;
    },
    async free(key, token) {
      const found = find(key);
      if (found?.token !== token) return false;
      remove(key, found);
      return true;
    },
  };
}

function sizeOf({ data }: Pick<MemoryRecord, 'data'>): number {
  return data.length + OVERHEAD_BYTES;
}
