import { FifoMap } from '../lib/fifo-map.ts';
import { generationKey } from './part-key.ts';

/** The number of invalidations with an exact version. Older ones are assumed to apply to every contact. */
const MAX_REMEMBERED = 10_000;

/**
 * Records invalidations, to check whether a contact was invalidated while a response about it was in flight. A
 * caller keeps the `version` from when the request began.
 */
export class InvalidationLog {
  /** The number of recorded invalidations. */
  #version = 0;
  /** The version of each contact's latest invalidation. */
  readonly #latest: FifoMap<number>;
  /** Invalidations up to this version are not remembered per contact. */
  #forgottenUpTo = 0;
  readonly #maxRemembered: number;

  constructor(maxRemembered = MAX_REMEMBERED) {
    this.#maxRemembered = maxRemembered;
    this.#latest = new FifoMap(maxRemembered);
  }

  get version(): number {
    return this.#version;
  }

  record(org: string, contact: string): void {
    this.#version += 1;
    this.#latest.set(generationKey(org, contact), this.#version);
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, this.#version - this.#maxRemembered);
  }

  /** Records an invalidation of every contact. */
  recordAll(): void {
    this.#version += 1;
    this.#forgottenUpTo = this.#version;
  }

  /** Returns whether the contact was invalidated after that version, or may have been. */
  invalidatedSince(version: number, org: string, contact: string): boolean {
    if (version === this.#version) return false;
    return version < this.#forgottenUpTo || (this.#latest.get(generationKey(org, contact)) ?? 0) > version;
  }
}
