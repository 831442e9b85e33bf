import type { FieldTable, ValueKind } from './field-table.ts';
import { emptyObject, isJsonObject, parseJson, type Json, type JsonObject } from '../lib/json.ts';

export type ReadTime = (text: string) => string | undefined;

/** `sms_optout` to `smsOptout`. What has no underscore between two characters stays as it is. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_match, next: string) => next.toUpperCase());
}

/** Applies a field table to one upstream object. Every field of the input has one in the output. */
export function shapeFields(fields: JsonObject, table: FieldTable, readTime: ReadTime): JsonObject {
  const plan = planFor(Object.keys(fields), table);
  const shaped = plan.safe ? ({} as Record<string, Json>) : emptyObject();
  for (const { name, shapedName, kind } of plan.fields) {
    shaped[shapedName] = shapeValue(fields[name]!, kind, readTime);
  }
  return shaped;
}

/** Renames the fields of every object inside, and changes nothing else. */
export function camelCaseDeep(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCaseDeep);
  if (!isJsonObject(value)) return value;
  const renamed = emptyObject();
  for (const [name, newName] of assignNames(Object.keys(value), [camelCase])) {
    renamed[newName] = camelCaseDeep(value[name]!);
  }
  return renamed;
}

/** What each known field is called in answers, by its upstream name. */
export function shapedNames(table: FieldTable): ReadonlyMap<string, string> {
  return chooseNames(Object.keys(table.kinds), table);
}

/** What becomes of the fields of an object that has just these, in their order. */
interface Plan {
  readonly fields: readonly {
    readonly name: string;
    readonly shapedName: string;
    readonly kind: ValueKind;
  }[];
  /** Whether no name means anything to a plain object, which is made and written much faster than a bare one. */
  readonly safe: boolean;
}

interface Plans {
  latest: Plan | undefined;
  readonly byNames: Map<string, Plan>;
}

/** The upstream's objects of one kind have nearly all the same fields, which are then looked at once. */
const remembered = new WeakMap<FieldTable, Plans>();
const MAX_REMEMBERED = 200;
const MAX_KEY_LENGTH = 4000;

function planFor(names: readonly string[], table: FieldTable): Plan {
  const plans: Plans = remembered.get(table) ?? { latest: undefined, byNames: new Map() };
  remembered.set(table, plans);
  if (plans.latest && isFor(plans.latest, names)) return plans.latest;
  const key = JSON.stringify(names);
  const plan = plans.byNames.get(key) ?? makePlan(names, table);
  if (plans.byNames.size < MAX_REMEMBERED && key.length <= MAX_KEY_LENGTH) plans.byNames.set(key, plan);
  plans.latest = plan;
  return plan;
}

function isFor({ fields }: Plan, names: readonly string[]): boolean {
  if (fields.length !== names.length) return false;
  for (let at = 0; at < names.length; at += 1) if (fields[at]!.name !== names[at]) return false;
  return true;
}

function makePlan(names: readonly string[], table: FieldTable): Plan {
  const fields = [...chooseNames(names, table)].map(([name, shapedName]) => ({
    name,
    shapedName,
    kind: Object.hasOwn(table.kinds, name) ? table.kinds[name]! : 'text',
  }));
  return { fields, safe: fields.every(({ shapedName }) => shapedName !== '__proto__') };
}

/** Fields of the table choose first, so that an unknown one never takes the place of a known one. */
function chooseNames(names: readonly string[], table: FieldTable): ReadonlyMap<string, string> {
  const known = names.filter((name) => Object.hasOwn(table.kinds, name));
  const unknown = names.filter((name) => !Object.hasOwn(table.kinds, name));
  const withoutPrefix = (name: string) =>
    (Object.hasOwn(table.names, name) ? table.names[name] : undefined) ??
    camelCase(name.startsWith(table.prefix) ? name.slice(table.prefix.length) : name);
  const chosen = assignNames([...known, ...unknown], [withoutPrefix, camelCase]);
  // The order of the upstream's fields is kept.
  return new Map(names.map((name) => [name, chosen.get(name)!]));
}

/** Gives each name the first candidate that is free; two names that collapse into one lose no field. */
function assignNames(
  names: readonly string[],
  candidates: readonly ((name: string) => string)[],
): Map<string, string> {
  const taken = new Set<string>();
  const chosen = new Map<string, string>();
  const collided: string[] = [];
  for (const name of names) {
    const free = candidates.map((make) => make(name)).find((made) => made !== '' && !taken.has(made));
    if (free === undefined) {
      collided.push(name);
      continue;
    }
    taken.add(free);
    chosen.set(name, free);
  }
  for (const name of collided) {
    let unique = name;
    while (taken.has(unique)) unique += '_';
    taken.add(unique);
    chosen.set(name, unique);
  }
  return chosen;
}

function shapeValue(value: Json, kind: ValueKind, readTime: ReadTime): Json {
  switch (kind) {
    case 'flag':
      return value === '1' || value === 1 ? true : value === '0' || value === 0 ? false : value;
    case 'json':
      return typeof value === 'string' ? (parseContainer(value) ?? value) : value;
    case 'time':
      return typeof value === 'string' ? (readTime(value) ?? value) : value;
    case 'text':
      return value;
  }
}

/** Arrays and objects alone: a field that happens to hold `12` or `true` is a text, not JSON. */
function parseContainer(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
