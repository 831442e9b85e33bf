import { generationKey } from './part-key.ts';

/** How many are told apart; those before are taken for any contact's. */
const REMEMBERED = 10_000;

/**
 * Tells whether a contact was invalidated while an answer about it was under way. Whoever asks keeps the
 * moment at which it began, which costs nothing where nothing was invalidated since.
 */
export class HeardInvalidations {
  /** Counts them. */
  #moment = 0;
  /** The moment of each contact's latest, oldest first. */
  readonly #latest = new Map<string, number>();
  /** Those up to then are forgotten. */
  #forgotten = 0;
  readonly #remembered: number;

  constructor(remembered = REMEMBERED) {
    this.#remembered = remembered;
  }

  get moment(): number {
    return this.#moment;
  }

  note(org: string, contact: string): void {
    this.#moment += 1;
    const key = generationKey(org, contact);
    this.#latest.delete(key);
    this.#latest.set(key, this.#moment);
    if (this.#latest.size <= this.#remembered) return;
    const [[oldest, at] = ['', 0]] = this.#latest;
    this.#latest.delete(oldest);
    this.#forgotten = at;
  }

  /** Whether the contact was invalidated after that moment, or may have been. */
  since(moment: number, org: string, contact: string): boolean {
    if (moment === this.#moment) return false;
    return moment < this.#forgotten || (this.#latest.get(generationKey(org, contact)) ?? 0) > moment;
  }
}
