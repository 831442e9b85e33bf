import { generationKey } from './part-key.ts';

/** An invalidation that has to be in force, whatever server serves the contact. */
export interface JournalItem {
  readonly org: string;
  readonly contact: string;
  /** The acknowledgement that its process waits for, or an empty text. */
  readonly reference: string;
  readonly at: number;
  /** The write that opens the contact, or an empty text. */
  readonly opened: string;
  /** The writes that close the contact, with their ends on the clock of this process. */
  readonly closedUntil: ReadonlyMap<string, number>;
}

/** Longer than a failover takes, clients included. */
const KEEP_MS = 60_000;
const MAX_ITEMS = 10_000;

/**
 * Keeps the invalidations and fences of the last minute, this process's own and those received, to replay them
 * on a server that may have lost them. Beyond `MAX_ITEMS` contacts it keeps one marker that voids every contact.
 */
export class InvalidationJournal {
  /** By contact, oldest first. */
  readonly #items = new Map<string, JournalItem>();
  readonly #now: () => number;
  readonly #maxItems: number;
  #overflowedAt = -Infinity;

  constructor(now: () => number, maxItems = MAX_ITEMS) {
    this.#now = now;
    this.#maxItems = maxItems;
  }

  /**
   * Records an invalidation.
   *
   * @param fence a write that closes the contact for `closeMs`, or that opens it if that is 0.
   */
  record(
    org: string,
    contact: string,
    reference: string,
    fence?: { readonly token: string; readonly closeMs: number },
  ): JournalItem {
    const now = this.#now();
    const key = generationKey(org, contact);
    const known = this.#items.get(key);
    const closedUntil = new Map([...(known?.closedUntil ?? [])].filter(([, until]) => until > now));
    if (fence && fence.closeMs > 0) closedUntil.set(fence.token, now + fence.closeMs);
    else if (fence) closedUntil.delete(fence.token);
    const opened = fence && fence.closeMs === 0 ? fence.token : '';
    const item = { org, contact, reference, at: now, opened, closedUntil };
    this.#items.delete(key);
    this.#items.set(key, item);
    this.#prune(now);
    return item;
  }

  /** Returns the items to replay, oldest first. */
  items(): readonly JournalItem[] {
    this.#prune(this.#now());
    return [...this.#items.values()];
  }

  /** True if items were dropped, so that every contact has to be voided. */
  get voidsEverything(): boolean {
    return this.#now() - this.#overflowedAt < KEEP_MS;
  }

  #prune(now: number): void {
    for (const [key, { at, closedUntil }] of this.#items) {
      const isOver = this.#items.size > this.#maxItems;
      if (!isOver && now - at < KEEP_MS) return;
      if (!isOver && [...closedUntil.values()].some((until) => until > now)) continue;
      if (isOver) this.#overflowedAt = now;
      this.#items.delete(key);
    }
  }
}
