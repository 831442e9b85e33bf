export interface LookupQuery {
  readonly org: string;
  readonly kind: string;
  /** Kept as a keyed hash alone. */
  readonly value: string;
  /** Fetch again although the result is cached. */
  readonly fresh?: boolean;
}

export interface LookupResult {
  /** Null if there is none. */
  readonly id: string | null;
  /** Whether a contact of the organization was created or changed since the id was fetched. */
  readonly isBeforeChange: boolean;
  /** Whether the fact that there is none would no longer be kept, since it is this old. */
  readonly isPastNegativeTtl: boolean;
}

/**
 * The ids of contacts by their values, for each organization.
 *
 * @throws AppError `ORG_NOT_CONFIGURED` from `find` and `decoyOf` if the upstream account of the organization is
 *   not configured.
 */
export interface Lookups {
  /** Finds the id of a contact, in the cache or with `fetchId`. Concurrent requests share one `fetchId`. */
  find(query: LookupQuery, fetchId: () => Promise<string | null>): Promise<LookupResult>;
  /** Returns the id of a contact that does not exist: the same one for a value in every process. */
  decoyOf(query: LookupQuery): string;
  /**
   * Records that a contact of the organization was created or changed. Results without a match are then fetched
   * again.
   *
   * @throws AppError `CACHE_UNAVAILABLE` if the results without a match may still be used.
   */
  recordChange(org: string): Promise<void>;
}
