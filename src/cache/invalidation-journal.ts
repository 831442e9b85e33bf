import { generationKey } from './part-key.ts';

/** A write that closes its contact for `closeMs`, or that opens it (0). */
export interface FenceChange {
  readonly token: string;
  readonly closeMs: number;
}

/** An invalidation that has to be in force on every server that may serve the contact. */
export interface JournalItem {
  readonly org: string;
  readonly contact: string;
  /** The acknowledgement that its process waits for, or an empty text. */
  readonly reference: string;
  readonly at: number;
  /** The latest writes that have opened the contact. */
  readonly opened: readonly string[];
  /** The writes that close the contact, with their ends on the clock of this process. */
  readonly closedUntil: ReadonlyMap<string, number>;
}

/** Longer than a failover takes, clients included. */
const KEEP_MS = 60_000;
const MAX_ITEMS = 10_000;
const MAX_FENCES = 10_000;
/** A forgotten opening leaves the contact closed until the fence ends by itself. */
const MAX_OPENED = 16;
const PRUNE_CLOSED_MS = 1000;

/**
 * Keeps the invalidations of the last minute and the open fences, this process's own and those received, to
 * replay them on a server that may have lost them. Beyond `maxItems` invalidations it keeps one marker that voids
 * every contact. Such a marker cannot stand for a fence, so open fences are never dropped, and are bounded by
 * `canClose`.
 */
export class InvalidationJournal {
  /** The contacts that no write closes, oldest first. */
  readonly #open = new Map<string, JournalItem>();
  /** The contacts that writes close, oldest first. */
  readonly #closed = new Map<string, JournalItem>();
  readonly #now: () => number;
  readonly #maxItems: number;
  readonly #maxFences: number;
  #fences = 0;
  #overflowedAt = -Infinity;
  #prunedClosedAt = -Infinity;

  constructor(now: () => number, { maxItems = MAX_ITEMS, maxFences = MAX_FENCES } = {}) {
    this.#now = now;
    this.#maxItems = maxItems;
    this.#maxFences = maxFences;
  }

  /** Returns whether one more write may close a contact. */
  canClose(): boolean {
    this.#prune(this.#now());
    return this.#fences < this.#maxFences;
  }

  /** Records an invalidation, with the changes of the contact's fence. */
  record(org: string, contact: string, reference: string, fences: readonly FenceChange[] = []): JournalItem {
    const now = this.#now();
    const key = generationKey(org, contact);
    const known = this.#find(key);
    this.#delete(key, known);
    const closedUntil = new Map(known?.closedUntil);
    for (const [token, until] of closedUntil) if (until <= now) closedUntil.delete(token);
    const opened = new Set(known?.opened);
    for (const { token, closeMs } of fences) {
      if (closeMs === 0) {
        closedUntil.delete(token);
        opened.add(token);
      } else if (!opened.has(token) && this.#hasRoom(closedUntil, token)) {
        closedUntil.set(token, Math.max(now + closeMs, closedUntil.get(token) ?? 0));
      }
    }
    const item = { org, contact, reference, at: now, opened: [...opened].slice(-MAX_OPENED), closedUntil };
    this.#fences += closedUntil.size;
    (closedUntil.size > 0 ? this.#closed : this.#open).set(key, item);
    this.#prune(now);
    return item;
  }

  /** Returns the current item of a contact. */
  get(key: string): JournalItem | undefined {
    this.#prune(this.#now());
    return this.#find(key);
  }

  /** Returns the items to replay. */
  items(): readonly JournalItem[] {
    this.#prune(this.#now());
    return [...this.#open.values(), ...this.#closed.values()];
  }

  /** True if items were dropped, so that every contact has to be voided. */
  get voidsEverything(): boolean {
    return this.#now() - this.#overflowedAt < KEEP_MS;
  }

  /** Bounds the fences of other processes, which cannot be refused: each of them refuses its own before. */
  #hasRoom(closedUntil: ReadonlyMap<string, number>, token: string): boolean {
    return closedUntil.has(token) || this.#fences + closedUntil.size < 2 * this.#maxFences;
  }

  #find(key: string): JournalItem | undefined {
    return this.#open.get(key) ?? this.#closed.get(key);
  }

  #delete(key: string, item: JournalItem | undefined): void {
    this.#fences -= item?.closedUntil.size ?? 0;
    this.#open.delete(key);
    this.#closed.delete(key);
  }

  #prune(now: number): void {
    for (const [key, { at }] of this.#open) {
      if (now - at < KEEP_MS) {
        if (this.#open.size <= this.#maxItems) break;
        this.#overflowedAt = now;
      }
      this.#open.delete(key);
    }
    // A fence can be older than the items kept, so the closed contacts are looked through rarely.
    if (now - this.#prunedClosedAt < PRUNE_CLOSED_MS) return;
    this.#prunedClosedAt = now;
    for (const [key, item] of this.#closed) {
      if (now - item.at < KEEP_MS) break;
      if ([...item.closedUntil.values()].every((until) => until <= now)) this.#delete(key, item);
    }
  }
}
