import type { Field, FieldTable, ValueKind } from '../parts/part.ts';
import { emptyObject, isJsonObject, parseJson, type Json, type JsonObject } from '../../lib/json.ts';

export type ReadTime = (text: string) => string | undefined;

/** Converts `sms_optout` to `smsOptout`. Other underscores, such as leading ones, are kept. */
function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_match, next: string) => next.toUpperCase());
}

/** Applies a field table to one upstream object. Each input field becomes exactly one output field. */
export function shapeFields(fields: JsonObject, table: FieldTable, readTime: ReadTime): JsonObject {
  const plan = planFor(Object.keys(fields), table);
  const shaped = plan.safe ? ({} as Record<string, Json>) : emptyObject();
  for (const { name, shapedName, kind } of plan.fields) {
    shaped[shapedName] = shapeValue(fields[name]!, kind, readTime);
  }
  return shaped;
}

/** Converts the field names of all nested objects to camelCase. Values are unchanged. */
export function camelCaseDeep(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCaseDeep);
  if (!isJsonObject(value)) return value;
  const renamed = emptyObject();
  for (const [name, newName] of assignNames(Object.keys(value), [camelCase])) {
    renamed[newName] = camelCaseDeep(value[name]!);
  }
  return renamed;
}

/** Returns the API name of each known field, by upstream name. */
export function shapedNames(table: FieldTable): ReadonlyMap<string, string> {
  return chooseNames(Object.keys(table.fields), table);
}

/** The conversion of objects with exactly these fields in this order. */
interface Plan {
  readonly fields: readonly {
    readonly name: string;
    readonly shapedName: string;
    readonly kind: ValueKind;
  }[];
  /** Whether a plain object can hold all names, which is much faster than one without a prototype. */
  readonly safe: boolean;
}

interface Plans {
  latest: Plan | undefined;
  readonly byNames: Map<string, Plan>;
}

/** Plans by table: nearly all upstream objects of a kind have the same fields, so plans are reused. */
const remembered = new WeakMap<FieldTable, Plans>();
const MAX_REMEMBERED = 200;
const MAX_KEY_LENGTH = 4000;

function planFor(names: readonly string[], table: FieldTable): Plan {
  const plans: Plans = remembered.get(table) ?? { latest: undefined, byNames: new Map() };
  remembered.set(table, plans);
  if (plans.latest && matches(plans.latest, names)) return plans.latest;
  const key = JSON.stringify(names);
  const plan = plans.byNames.get(key) ?? makePlan(names, table);
  if (plans.byNames.size < MAX_REMEMBERED && key.length <= MAX_KEY_LENGTH) plans.byNames.set(key, plan);
  plans.latest = plan;
  return plan;
}

function matches({ fields }: Plan, names: readonly string[]): boolean {
  if (fields.length !== names.length) return false;
  for (let at = 0; at < names.length; at += 1) if (fields[at]!.name !== names[at]) return false;
  return true;
}

function makePlan(names: readonly string[], table: FieldTable): Plan {
  const fields = [...chooseNames(names, table)].map(([name, shapedName]) => ({
    name,
    shapedName,
    kind: fieldOf(name, table)?.kind ?? 'text',
  }));
  return { fields, safe: fields.every(({ shapedName }) => shapedName !== '__proto__') };
}

function fieldOf(name: string, { fields }: FieldTable): Field | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Assigns names to known fields first, so that an unknown field never takes the name of a known one. */
function chooseNames(names: readonly string[], table: FieldTable): ReadonlyMap<string, string> {
  const known = names.filter((name) => fieldOf(name, table));
  const unknown = names.filter((name) => !fieldOf(name, table));
  const withoutPrefix = (name: string) =>
    fieldOf(name, table)?.name ??
    camelCase(name.startsWith(table.prefix) ? name.slice(table.prefix.length) : name);
  const chosen = assignNames([...known, ...unknown], [withoutPrefix, camelCase]);
  // Keeps the upstream's field order.
  return new Map(names.map((name) => [name, chosen.get(name)!]));
}

/** Assigns each name its first free candidate. If names collide, underscores make them unique: no field is lost. */
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
    case 'list':
    case 'object':
      return typeof value === 'string' ? (parseContainer(value) ?? value) : value;
    case 'time':
      return typeof value === 'string' ? (readTime(value) ?? value) : value;
    case 'text':
      return value;
  }
}

/** Parses JSON arrays and objects only: a field that holds `12` or `true` is text. */
function parseContainer(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
