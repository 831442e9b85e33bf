import type { Request } from 'express';
import type { Json } from '../lib/json.ts';
import type { ReadContact } from '../contact/read-contact.ts';
import type { Idempotency } from '../idempotency/create-idempotency.ts';
import type { Upstream } from '../upstream/client.ts';
import type { OperationSettings } from './settings.ts';

/** A fence around a write: until it ends, fetched data of the contact is not stored. */
export interface Fence {
  /** Resolves when no read that starts later can be served data from before the write. */
  open(): Promise<void>;
  /** Keeps the contact closed for a while, because the upstream may still carry out the write. */
  uncertain(): void;
}

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

interface LookupQuery {
  readonly org: string;
  readonly kind: string;
  /** Kept as a keyed hash alone. */
  readonly value: string;
  /** Look again although the result is cached. */
  readonly fresh?: boolean;
}

/** Finds contacts by their values. */
export interface Lookups {
  /** Finds the id of a contact, in the cache or with `look`; null if there is none. */
  find(
    query: LookupQuery,
    look: () => Promise<string | null>,
  ): Promise<{
    readonly id: string | null;
    /** Whether a contact of the organization was created or changed since the look. */
    readonly isBeforeChange: boolean;
    /** Whether the fact that there is none would no longer be kept, since it is this old. */
    readonly isPastNegativeTtl: boolean;
  }>;
  /** Returns the id of a contact that does not exist: the same one for a value in every process. */
  decoyOf(query: LookupQuery): string;
  /** Records a change of a contact: the organization's lookups without a match are repeated. Never rejects. */
  recordChange(org: string): Promise<void>;
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
  /** @throws AppError `CACHE_UNAVAILABLE` if the contact cannot be closed. */
  readonly fence: (org: string, contact: string) => Promise<Fence>;
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
