/**
 * The stage of a record: `claimed` while nothing was sent, `started` when the write may have been sent, `done`
 * when the result is stored.
 */
export type Stage = 'claimed' | 'started' | 'done';

export interface StoredRecord {
  readonly stage: Stage;
  /** Identifies the attempt that was the last to hold the record. */
  readonly token: string;
  /** Whether that attempt still holds the record. */
  readonly held: boolean;
  /** The encoded contents. */
  readonly data: Buffer;
}

/**
 * Stores the records of idempotency keys. Each operation is atomic and bounded in time. An operation with a
 * token does nothing and resolves to false if another attempt has taken the record.
 *
 * A Redis store rejects with RedisUnavailable; its operation may have taken effect then.
 */
export interface RecordStore {
  /**
   * Creates a record that the attempt holds, and resolves to undefined. Resolves to the existing record if there
   * is one, unless that one is `claimed` and no longer held: it is replaced, because nothing was sent.
   *
   * @throws AppError OVERLOADED if the store is full of records that it must keep.
   */
  claim(key: string, token: string, data: Buffer): Promise<StoredRecord | undefined>;
  /** Takes a `started` record that is not held, unless it has changed since it was read. */
  takeOver(key: string, readToken: string, token: string): Promise<boolean>;
  /** Changes a held record to `started`, and renews the lease. */
  start(key: string, token: string, data: Buffer): Promise<boolean>;
  renew(key: string, token: string): Promise<boolean>;
  /**
   * Ends the lease. Creates the record if the store has lost it.
   *
   * @param stage `started` if the outcome is unknown.
   */
  settle(key: string, token: string, stage: 'started' | 'done', data: Buffer): Promise<boolean>;
  /** Removes the record, so that the key can be used again. */
  free(key: string, token: string): Promise<boolean>;
}

/** The time for which a record stays held after its process has died. */
export const LEASE_MS = 20_000;
export const RENEW_MS = 5000;
