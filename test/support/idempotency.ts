import { randomUUID } from 'node:crypto';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import { AppError, type ErrorCode } from '../../src/errors.ts';
import {
  createIdempotency,
  type Attempt,
  type Idempotency,
} from '../../src/idempotency/create-idempotency.ts';
import { recordKey, type IdempotentRequest } from '../../src/idempotency/fingerprint.ts';
import type { IdempotencyEvent } from '../../src/idempotency/lease.ts';
import type { EntryCodec, WriteResult } from '../../src/idempotency/record.ts';
import type { RecordStore } from '../../src/idempotency/record-store.ts';
import { fakeClock } from './fake-clock.ts';

export const CREATED: WriteResult = {
  status: 201,
  headers: ['Content-Type', 'application/json', 'Location', '/contacts/1'],
  value: { data: { id: '7', content: 'ü \u2028 "\\' } },
};

export function replayed(result: WriteResult): WriteResult {
  return { ...result, headers: [...result.headers, 'Idempotency-Replayed', 'true'] };
}

/** Two stores that share their records, as two processes do. */
export interface OpenedRecordStores {
  readonly stores: readonly [RecordStore, RecordStore];
  /** Ends the lease of a record, as time does. */
  endLease(key: string): Promise<void>;
}

/** Creates the idempotency of two processes. Their timers run when the test advances `clock`. */
export function idempotencyOn(opened: OpenedRecordStores, codec: EntryCodec = plainCodec) {
  const events: IdempotencyEvent[] = [];
  const clock = fakeClock();
  const [one, other] = opened.stores.map((store) =>
    createIdempotency({
      store,
      codec,
      setTimer: clock.setTimer,
      now: clock.now,
      report: (event) => void events.push(event),
    }),
  ) as [Idempotency, Idempotency];
  async function isHeld(request: IdempotentRequest): Promise<boolean> {
    // A claim reads the record if there is one.
    const record = await opened.stores[0].claim(recordKey(request), 'reader', Buffer.alloc(1));
    return record?.held ?? false;
  }
  return {
    one,
    other,
    clock,
    events,
    isHeld,
    endLease: (request: IdempotentRequest) => opened.endLease(recordKey(request)),
  };
}

export function newRequest(changes: Partial<IdempotentRequest> = {}): IdempotentRequest {
  const caller = { issuer: 'https://id.example', subject: 'ann@example.org', org: 'org-1', member: 'ann' };
  return { caller, method: 'POST', path: '/contacts/1/notes', key: randomUUID(), body: { a: 1 }, ...changes };
}

/** Creates an attempt whose `execute` behaves as each of these in turn; the last one repeats. */
export function attemptOf(...behaviours: (() => Promise<WriteResult>)[]) {
  const calls = { prepare: 0, execute: 0, reconcile: [] as unknown[] };
  const attempt: Attempt = {
    prepare: async () => ({ ids: [(calls.prepare += 1)] }),
    execute: async () => {
      const behaviour = behaviours[Math.min(calls.execute, behaviours.length - 1)]!;
      calls.execute += 1;
      return behaviour();
    },
  };
  return {
    calls,
    attempt,
    /** The same attempt with a check that finds the write, or does not find it. */
    checking: (found: WriteResult | undefined): Attempt => ({
      ...attempt,
      reconcile: async (prepared) => {
        calls.reconcile.push(prepared);
        return found;
      },
    }),
  };
}

export const creates = async (): Promise<WriteResult> => CREATED;

export function fails(error: Error): () => Promise<never> {
  return async () => {
    throw error;
  };
}

export const timesOut = fails(new AppError('UPSTREAM_TIMEOUT', { outcome: 'unknown' }));

/** Creates a step that waits until the test settles `result`. */
export function pending<T>() {
  const [begun, result] = [Promise.withResolvers<void>(), Promise.withResolvers<T>()];
  const step = (): Promise<T> => {
    begun.resolve();
    return result.promise;
  };
  return { step, begun: begun.promise, result };
}

export async function expectCode(run: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code });
  return error as AppError;
}
