import { generationKey } from './part-key.ts';

/** Counts the operations in flight by contact: their results may be older than what was shown meanwhile. */
export class InFlightContacts {
  readonly #counts = new Map<string, number>();

  /** Returns a function that ends the operation; it has no effect the second time. */
  begin(org: string, contact: string): () => void {
    const key = generationKey(org, contact);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const count = this.#counts.get(key)! - 1;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    };
  }

  has(org: string, contact: string): boolean {
    return this.#counts.size > 0 && this.#counts.has(generationKey(org, contact));
  }
}
