import type { ContactParts } from './schema.ts';

export type Part = keyof ContactParts;
/** The parts that a caller can request in addition to the contact. */
export type Include = Exclude<Part, 'contact'>;

/** The value of a part, or null if the CRM has none. */
export type PartValue<P extends Part> = Required<ContactParts>[P];

/**
 * A contact with exactly the listed includes: `ContactWith<['notes']>` has `notes` but not `entity`.
 * If the list is known only at run time (`Include[]`), each include is optional.
 */
export type ContactWith<Includes extends readonly Include[]> = Pick<ContactParts, 'contact'> &
  (number extends Includes['length'] ? Pick<ContactParts, Includes[number]> : Listed<Includes>);

type Listed<Includes extends readonly Include[]> = Includes extends readonly [
  infer First extends Include,
  ...infer Rest extends readonly Include[],
]
  ? Present<First> & Listed<Rest>
  : unknown;

/** Distributes over a union: an element of type `'notes' | 'entity'` gives a union of two results. */
type Present<P extends Include> = P extends Include ? Required<Pick<ContactParts, P>> : never;

/** The documented field names of a part's object, or of each object of its list. */
type KnownField<Value> = Value extends null
  ? never
  : Value extends readonly (infer Item)[]
    ? KnownField<Item>
    : Value extends object
      ? keyof { [Name in keyof Value as string extends Name ? never : Name]: unknown }
      : never;

/** A known field, for editor completion, or any other field of your organization. */
export type FieldName<P extends Part> = KnownField<PartValue<P>> | (string & {});

/** Sparse fieldsets: the fields to return, by part. `id` is always included. */
export type Fieldsets = { readonly [P in Part]?: readonly FieldName<P>[] };
