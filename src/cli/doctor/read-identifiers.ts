import { isJsonObject, type Json, type JsonObject } from '../../lib/json.ts';
import { parseUuid } from '../../lib/uuid.ts';

export interface Named {
  readonly id: string;
  readonly name: string | undefined;
}

export interface Identifiers {
  readonly organizations: readonly (Named & { readonly members: readonly Named[] })[];
  /** Members that are not listed below an organization, if there are several. */
  readonly members: readonly Named[];
  readonly brands: readonly Named[];
}

const MAX_DEPTH = 8;

/** The three kinds of identifiers: their member names, and the form of an id. */
const KINDS = {
  org: { id: /^org(anization)?_?id$/i, name: /^org(anization)?_?name$/i, list: /^org/i, parse: parseUuid },
  member: { id: /^member_?id$/i, name: /^member_?name$/i, list: /^member/i, parse: parseUuid },
  brand: { id: /^brand_?id$/i, name: /^brand_?name$/i, list: /^brand/i, parse: parseBrand },
} as const;
type Kind = keyof typeof KINDS;

function parseBrand(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[1-9]\d{0,11}$/.test(text) ? text : undefined;
}

/**
 * Reads organizations, members and brands from the response of fetchIdentifiers. Its form is not documented, so
 * objects count at any depth, by the names of their members. Everything else is ignored, the API key included.
 */
export function readIdentifiers(listed: Json): Identifiers {
  const found = {
    org: new Map<string, Named>(),
    member: new Map<string, Named>(),
    brand: new Map<string, Named>(),
  };
  const orgOfMember = new Map<string, string>();
  visit(listed, undefined, undefined, MAX_DEPTH);
  const [only, ...others] = found.org.keys();
  const membersOf = (org: string | undefined) =>
    [...found.member.values()].filter(
      ({ id }) => (orgOfMember.get(id) ?? (others.length === 0 ? only : undefined)) === org,
    );
  return {
    organizations: [...found.org.values()].map((org) => ({ ...org, members: membersOf(org.id) })),
    members: only === undefined ? [...found.member.values()] : membersOf(undefined),
    brands: [...found.brand.values()],
  };

  function visit(value: Json, list: Kind | undefined, org: string | undefined, depth: number): void {
    if (typeof value !== 'object' || value === null || depth === 0) return;
    if (Array.isArray(value)) {
      for (const item of value as readonly Json[]) visit(item, list, org, depth - 1);
      return;
    }
    if (!isJsonObject(value)) return;
    const own = record('org', value, list) ?? org;
    record('brand', value, list);
    const member = record('member', value, list);
    if (member !== undefined && own !== undefined) orgOfMember.set(member, own);
    for (const [name, inner] of Object.entries(value)) visit(inner, kindOf(name), own, depth - 1);
  }

  function record(kind: Kind, object: JsonObject, list: Kind | undefined): string | undefined {
    const { id: ofId, name: ofName, parse } = KINDS[kind];
    const id = parse(valueOf(object, ofId) ?? (list === kind ? object['id'] : undefined));
    if (id === undefined) return undefined;
    const name = valueOf(object, ofName) ?? (list === kind ? object['name'] : undefined);
    const known = found[kind].get(id)?.name;
    found[kind].set(id, { id, name: known ?? (typeof name === 'string' ? name : undefined) });
    return id;
  }
}

function valueOf(object: JsonObject, name: RegExp): Json | undefined {
  const found = Object.keys(object).find((key) => name.test(key));
  return found === undefined ? undefined : object[found];
}

function kindOf(name: string): Kind | undefined {
  return (Object.keys(KINDS) as Kind[]).find((kind) => KINDS[kind].list.test(name));
}
