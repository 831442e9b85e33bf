import { generationKey } from './part-key.ts';

/**
 * The maximum number of contacts with an exact version. Older invalidations are assumed to apply to every
 * contact.
 */
const MAX_REMEMBERED = 10_000;

/**
 * Records invalidations, to check whether a contact was invalidated while a response about it was in flight. A
 * caller keeps the `version` from when the request began.
 */
export class InvalidationLog {
  /** The number of recorded invalidations. */
  #version = 0;
  /** The version of each contact's latest invalidation, oldest first. */
  readonly #latest = new Map<string, number>();
  /** Invalidations up to this version are not remembered per contact. */
  #forgottenUpTo = 0;
  readonly #maxRemembered: number;

  constructor(maxRemembered = MAX_REMEMBERED) {
    this.#maxRemembered = maxRemembered;
  }

  get version(): number {
    return this.#version;
  }

  record(org: string, contact: string): void {
    this.#version += 1;
    const key = generationKey(org, contact);
    this.#latest.delete(key);
    this.#latest.set(key, this.#version);
    if (this.#latest.size <= this.#maxRemembered) return;
    const [[oldest, at] = ['', 0]] = this.#latest;
    this.#latest.delete(oldest);
    this.#forgottenUpTo = at;
  }

  /** Records an invalidation of every contact. */
  recordAll(): void {
    this.#version += 1;
    this.#forgottenUpTo = this.#version;
    this.#latest.clear();
  }

  /** Returns whether the contact was invalidated after that version, or may have been. */
  invalidatedSince(version: number, org: string, contact: string): boolean {
    if (version === this.#version) return false;
    return version < this.#forgottenUpTo || (this.#latest.get(generationKey(org, contact)) ?? 0) > version;
  }
}
