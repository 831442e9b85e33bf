/** Thrown when the configuration is invalid. Issues name the variable or file and never quote a value. */
export class ConfigError extends Error {
  readonly issues: readonly string[];

  constructor(issues: readonly string[]) {
    super(`the configuration has ${issues.length} issue(s)`);
    this.name = 'ConfigError';
    this.issues = issues;
  }

  /** The variables and files that have issues, without duplicates. */
  get variables(): readonly string[] {
    return [...new Set(this.issues.map(nameOf))];
  }
}

/** Returns the variable or file of an issue. */
function nameOf(issue: string): string {
  return issue.split(': ', 1)[0]!;
}

/** Compares by code units, which does not depend on the locale. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** Collects issues, so that an operator can fix all of them at once. */
export class ConfigIssues {
  readonly #found: string[] = [];

  add(name: string, message: string): undefined {
    this.#found.push(`${name}: ${message}`);
    return undefined;
  }

  /** Adds an issue for a missing variable, unless another issue explains already why its value is absent. */
  addMissing(name: string, message: string): undefined {
    if (!this.has(name)) this.add(name, message);
    return undefined;
  }

  /** Returns whether the variable, or the file that it is read from, has an issue. */
  has(name: string): boolean {
    return this.#found.some((issue) => issue.startsWith(`${name}: `) || issue.startsWith(`${name}_FILE: `));
  }

  hasAny(...names: readonly string[]): boolean {
    return names.some((name) => this.has(name));
  }

  get found(): readonly string[] {
    return this.#found;
  }

  /** @throws ConfigError with the issues in the order of their names, if there are any. */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    throw new ConfigError(this.#found.toSorted((one, other) => compare(nameOf(one), nameOf(other))));
  }

  /**
   * Returns a value that is undefined only if there are issues.
   *
   * @throws ConfigError if there are any issues.
   */
  resolve<T>(value: T | undefined): T {
    this.throwIfAny();
    if (value === undefined) throw new Error('a part of the configuration is missing without an issue');
    return value;
  }
}
