import type * as Schema from './schema.ts';

/** Fields of your organization, which the API passes through under their camelCase names. */
export interface OwnFields {
  [name: string]: unknown;
}

/** Adds `OwnFields` to an object, or to each object of a list. */
type Open<Value> = Value extends readonly (infer Item)[]
  ? Open<Item>[]
  : Value extends object
    ? Value & OwnFields
    : Value;

export type Contact = Open<Schema.Contact>;
export type Note = Open<Schema.Note>;
export type Entity = Open<Schema.Entity>;
export type { ContactFailure, ErrorCode, Problem, Profile, Signals } from './schema.ts';

type Parts = { [P in keyof Schema.ContactParts]: Open<Schema.ContactParts[P]> };

export type Part = keyof Parts;
/** The parts that a caller can request in addition to the contact. */
export type Include = Exclude<Part, 'contact'>;

/** The value of a part, or null if the contact has no such data. */
export type PartValue<P extends Part> = Required<Parts>[P];

/**
 * A contact with exactly the listed includes: `ContactWith<['notes']>` has `notes` but not `entity`.
 * If the list is known only at run time (`Include[]`), each include is optional.
 */
export type ContactWith<Includes extends readonly Include[]> = Pick<Parts, 'contact'> &
  (number extends Includes['length'] ? Pick<Parts, Includes[number]> : Listed<Includes>);

type Listed<Includes extends readonly Include[]> = Includes extends readonly [
  infer First extends Include,
  ...infer Rest extends readonly Include[],
]
  ? Present<First> & Listed<Rest>
  : unknown;

/** Distributes over a union: an element of type `'notes' | 'entity'` gives a union of two results. */
type Present<P extends Include> = P extends Include ? Required<Pick<Parts, P>> : never;

/** The documented field names of a part's object, or of each object of its list. */
type KnownField<Value> = Value extends null
  ? never
  : Value extends readonly (infer Item)[]
    ? KnownField<Item>
    : Value extends object
      ? keyof { [Name in keyof Value as string extends Name ? never : Name]: unknown }
      : never;

/** A known field, for editor completion, or any other field of your organization. */
export type FieldName<P extends Part> = KnownField<Required<Schema.ContactParts>[P]> | (string & {});

/** Sparse fieldsets: the fields to return, by part. `id` is always included. */
export type Fieldsets = { readonly [P in Part]?: readonly FieldName<P>[] };
