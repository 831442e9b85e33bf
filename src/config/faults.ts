/** Everything that is wrong with the configuration, by the name of the variable or file; never a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the configuration has ${faults.length} fault(s)`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Collects faults, so that an operator mends them in one go. */
export class Faults {
  readonly #found: string[] = [];

  add(name: string, what: string): undefined {
    this.#found.push(`${name}: ${what}`);
    return undefined;
  }

  has(name: string): boolean {
    return this.#found.some((fault) => fault.startsWith(`${name}: `));
  }

  get found(): readonly string[] {
    return this.#found;
  }

  /** @throws ConfigError where there are any. */
  throwIfAny(): void {
    if (this.#found.length > 0) throw new ConfigError([...this.#found].toSorted());
  }
}
