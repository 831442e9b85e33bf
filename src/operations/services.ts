import type { Request } from 'express';
import type { Json } from '../lib/json.ts';
import type { Fence } from '../contact/fence.ts';
import type { Lookups } from '../contact/lookups.ts';
import type { ReadContact } from '../contact/read-contact.ts';
import type { InFlight } from '../lib/in-flight.ts';
import type { Idempotency } from '../idempotency/create-idempotency.ts';
import type { Upstream } from '../upstream/client.ts';
import type { OperationSettings } from './settings.ts';

/** One line of the audit log. It holds no values of the request. */
export interface AuditEntry {
  readonly operation: string;
  readonly contact: string | undefined;
  /** `none`: nothing was changed. `unknown`: the upstream may have carried out the write. */
  readonly outcome: 'done' | 'replayed' | 'none' | 'unknown';
  /** The error code, with the upstream's own code if it refused. */
  readonly code?: string;
  readonly upstreamCode?: string;
  readonly idempotencyKey: string | undefined;
}

/** The dependencies that the handlers of all operations share. */
export interface OperationServices {
  readonly settings: OperationSettings;
  readonly readContact: ReadContact;
  /** Contacts of one batch that are read at a time. */
  readonly batchParallelism: number;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicNow: () => number;
  /** Logs an error that is not an AppError and that does not fail the whole request. */
  readonly onUnexpected: (req: Request, error: unknown) => void;
  readonly upstream: Upstream;
  readonly idempotency: Idempotency;
  /** The writes that the program waits for before it ends. */
  readonly writes: InFlight;
  /** @throws AppError `CACHE_UNAVAILABLE` if the contact cannot be closed. */
  readonly fence: (org: string, contact: string) => Promise<Fence>;
  /** Milliseconds from the beginning of a fence within which the write is sent. */
  readonly sendWithinMs: number;
  /**
   * Runs `work` while no other process runs work of the same contact.
   *
   * @throws AppError `CACHE_UNAVAILABLE` if that cannot be ensured.
   */
  readonly exclusively: <T>(org: string, contact: string, work: () => Promise<T>) => Promise<T>;
  readonly lookups: Lookups;
  /** Returns the members of an organization, from the cache or the upstream. */
  readonly members: (org: string) => Promise<Json>;
  readonly audit: (req: Request, entry: AuditEntry) => void;
}
