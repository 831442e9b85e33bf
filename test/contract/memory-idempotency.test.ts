import { memoryRecordStore } from '../../src/idempotency/memory-record-store.ts';
import { LEASE_MS } from '../../src/idempotency/record-store.ts';
import { describeIdempotency } from './idempotency.ts';
import type { OpenedRecordStores } from '../support/idempotency.ts';
import { describeRecordStore } from './record-store.ts';
import { describeUnknownOutcomes } from './unknown-outcomes.ts';

async function open(): Promise<OpenedRecordStores> {
  let now = 1_000_000;
  const limits = { ttlMs: 86_400_000, maxRecords: 1000, maxBytes: 10_000_000 };
  const store = memoryRecordStore({ ...limits, now: () => now });
  return {
    stores: [store, store],
    endLease: async () => void (now += LEASE_MS),
  };
}

describeRecordStore('memory', open);
describeIdempotency('memory', open);
describeUnknownOutcomes('memory', open);
