/** Everything that is wrong with the configuration, by the name of the variable or file; never a value. */
export class ConfigError extends Error {
  readonly issues: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the configuration has ${faults.length} fault(s)`);
    this.name = 'ConfigError';
    this.issues = faults;
  }

  /** The variables and files that have faults, each once. */
  get variables(): readonly string[] {
    return [...new Set(this.issues.map((fault) => fault.split(': ', 1)[0]!))];
  }
}

/** Collects faults, so that an operator mends them in one go. */
export class ConfigIssues {
  readonly #found: string[] = [];

  add(name: string, what: string): undefined {
    this.#found.push(`${name}: ${what}`);
    return undefined;
  }

  /** Adds that a variable is required, unless an issue says already why its value is absent. */
  addMissing(name: string, what: string): undefined {
    if (!this.has(name)) this.add(name, what);
    return undefined;
  }

  /** Whether the variable, or the file that it is read from, has an issue. */
  has(name: string): boolean {
    return this.#found.some((fault) => fault.startsWith(`${name}: `) || fault.startsWith(`${name}_FILE: `));
  }

  get found(): readonly string[] {
    return this.#found;
  }

  /** @throws ConfigError where there are any. */
  throwIfAny(): void {
    if (this.#found.length > 0) throw new ConfigError([...this.#found].toSorted());
  }
}
