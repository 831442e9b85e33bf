import type { Environment } from './environment.ts';
import { SLICES, VARIABLES } from './index.ts';
import type { Variable } from './variable.ts';

export interface ConfigWarning {
  /** Name of the variable. */
  readonly variable: string;
  readonly message: string;
  readonly advice: string;
}

const KNOWN: ReadonlySet<string> = new Set(
  Object.entries<Variable<unknown>>(VARIABLES).flatMap(([name, { secret }]) =>
    secret ? [name, `${name}_FILE`] : [name],
  ),
);

/** Prefixes that only this program uses. */
const OWN_PREFIXES = SLICES.flatMap(({ prefixes }) => prefixes);
/** The minimum length at which a name is compared with the known names. */
const MIN_COMPARED_LENGTH = 8;

/** Variables that Kubernetes adds for each service of the namespace, and Docker for each linked container. */
const INJECTED =
  /_SERVICE_HOST$|_SERVICE_PORT(?:_[A-Z0-9_]+)?$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$|_PORT$|_ENV_/;

/** The variables by the names that other programs use for them. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries<Variable<unknown>>(VARIABLES).flatMap(([name, { otherNames }]) =>
    otherNames.map((other) => [other, name] as const),
  ),
);

/** Returns warnings for variables that are set, have no effect and were probably meant for this program. */
export function unknownVariables(env: Environment): ConfigWarning[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    if (!value || KNOWN.has(variable) || INJECTED.test(variable)) return [];
    const withoutFile = variable.replace(/_FILE$/, '');
    // The `_FILE` name of a secret is known, so this variable is not a secret.
    if (withoutFile !== variable && KNOWN.has(withoutFile)) {
      return warning(variable, `set ${withoutFile} itself: it cannot be read from a file`);
    }
    const name = variable.trim().toUpperCase();
    const ownName = OTHER_NAMES.get(name);
    if (ownName !== undefined) return warning(variable, `did you mean ${ownName}?`);
    const nearest = nearestTo(name);
    const isClose = name.length >= MIN_COMPARED_LENGTH && nearest.distance <= Math.ceil(name.length / 8);
    if (isClose) return warning(variable, `did you mean ${nearest.name}?`);
    const prefix = OWN_PREFIXES.find((own) => name.startsWith(own));
    if (prefix === undefined) return [];
    // A variable can be the prefix itself, such as WRITES.
    const whole = prefix.replace(/_$/, '');
    return warning(variable, `did you mean ${KNOWN.has(whole) ? whole : nearest.name}?`);
  });
}

function warning(variable: string, advice: string): ConfigWarning[] {
  return [{ variable, message: 'unknown variable', advice }];
}

function nearestTo(name: string): { name: string; distance: number } {
  const all = [...KNOWN].map((known) => ({ name: known, distance: distanceOf(name, known) }));
  return all.reduce((best, one) => (one.distance < best.distance ? one : best));
}

/** Only this many characters are compared, because the cost is the product of the lengths. */
const MAX_COMPARED_LENGTH = 64;

/** Returns the optimal string alignment distance: insertions, deletions, substitutions, transpositions. */
function distanceOf(left: string, right: string): number {
  const [a, b] = [left.slice(0, MAX_COMPARED_LENGTH), right.slice(0, MAX_COMPARED_LENGTH)];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
