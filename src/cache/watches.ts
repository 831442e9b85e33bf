/** Tells whether something happened to a key while an answer about it was under way. */
export interface Watch {
  readonly spoiled: boolean;
  close(): void;
}

/** Bounded by what is under way: whoever opens a watch closes it. */
export class Watches {
  readonly #open = new Map<string, Set<{ spoiled: boolean }>>();

  open(key: string): Watch {
    const state = { spoiled: false };
    const others = this.#open.get(key) ?? new Set();
    this.#open.set(key, others.add(state));
    return {
      get spoiled() {
        return state.spoiled;
      },
      close: () => {
        others.delete(state);
        if (others.size === 0 && this.#open.get(key) === others) this.#open.delete(key);
      },
    };
  }

  spoil(key: string): void {
    for (const state of this.#open.get(key) ?? []) state.spoiled = true;
  }
}
