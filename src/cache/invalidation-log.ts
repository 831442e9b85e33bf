import { generationKey } from './part-key.ts';

/** How many are told apart; those before are taken for any contact's. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells whether a contact was invalidated while an answer about it was under way. Whoever asks keeps the
 * moment at which it began, which costs nothing where nothing was invalidated since.
 */
export class InvalidationLog {
  /** Counts them. */
  #version = 0;
  /** The moment of each contact's latest, oldest first. */
  readonly #latest = new Map<string, number>();
  /** Those up to then are forgotten. */
  #forgotten = 0;
  readonly #remembered: number;

  constructor(remembered = MAX_REMEMBERED) {
    this.#remembered = remembered;
  }

  get version(): number {
    return this.#version;
  }

  record(org: string, contact: string): void {
    this.#version += 1;
    const key = generationKey(org, contact);
    this.#latest.delete(key);
    this.#latest.set(key, this.#version);
    if (this.#latest.size <= this.#remembered) return;
    const [[oldest, at] = ['', 0]] = this.#latest;
    this.#latest.delete(oldest);
    this.#forgotten = at;
  }

  /** Whether the contact was invalidated after that moment, or may have been. */
  invalidatedSince(version: number, org: string, contact: string): boolean {
    if (version === this.#version) return false;
    return version < this.#forgotten || (this.#latest.get(generationKey(org, contact)) ?? 0) > version;
  }
}
