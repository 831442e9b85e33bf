/** The conversion of an upstream value to an API value. A value that does not parse is passed through. */
export type ValueKind =
  /** `"0"` or `"1"`, converted to a boolean. */
  | 'flag'
  /** A JSON array inside a string, parsed. */
  | 'list'
  /** A JSON object inside a string, parsed. */
  | 'object'
  /** `YYYY-MM-DD HH:MM:SS` without a zone, converted to ISO 8601. */
  | 'time'
  /** Unchanged. */
  | 'text';

export interface Field {
  readonly kind: ValueKind;
  /** The API name, if it differs from the general rule: prefix removed, camelCase. */
  readonly name?: string;
  /** Present in every response, even if `fields[…]` does not list it, and never null. */
  readonly always?: true;
  /** The name in the upstream's write operations, if it differs from the API name. */
  readonly writeName?: string;
  /** The callers who may change the field: none if `no`; only those who may change any contact if `any`. */
  readonly write?: 'no' | 'any';
  readonly description: string;
  /** An example of the API value. */
  readonly example: unknown;
}

/** The known fields of an object, by upstream name. Other fields pass through under their camelCase name. */
export interface FieldTable {
  /** Removed from the beginning of a name. */
  readonly prefix: string;
  readonly fields: Readonly<Record<string, Field>>;
}

/**
 * One part of a contact: how to request it from the upstream, how to read and document its value, and how long
 * to cache it. Everything that differs between parts is in their descriptors.
 */
export interface PartDescriptor<Name extends string = string> {
  readonly name: Name;
  readonly upstream: {
    /** Member of the request that asks for the part; undefined if every response includes the part. */
    readonly flag?: string;
    /** Member of the response that holds the part. */
    readonly member: string;
    /** The form of the value, if it is not null. */
    readonly form: 'object' | 'list' | 'either';
  };
  /** The fields of the object, or of each object of a list; undefined if they are not documented. */
  readonly table?: FieldTable;
  /** Default of `CACHE_TTL_<NAME>_S`. */
  readonly defaultTtlS: number;
  /** The name of the object in OpenAPI and in the client. */
  readonly schemaName: string;
  /** Describes the object, such as `A note`. */
  readonly title: string;
  /** Describes the part, such as `Notes about the contact`. */
  readonly description: string;
  /** An example of `fields[…]`. */
  readonly fieldsExample: string;
  /** An example of the API value, if `table` is undefined. */
  readonly example?: unknown;
}

/** Returns the descriptor with the literal type of its name. */
export function definePart<const Name extends string>(part: PartDescriptor<Name>): PartDescriptor<Name> {
  return part;
}
