import type { Contact, ContactParts, Entity, Note } from './schema.ts';

export type Part = keyof ContactParts;
/** What can be asked for beside the contact itself. */
export type Include = Exclude<Part, 'contact'>;

/** The value of a part; null where the CRM has none. */
export type PartValue<P extends Part> = Required<ContactParts>[P];

/**
 * A contact with exactly the includes of a list: `ContactWith<['notes']>` has `notes` and no `entity`.
 * Where the list is only known at run time (`Include[]`), each of them may be absent.
 */
export type ContactWith<Includes extends readonly Include[]> = Pick<ContactParts, 'contact'> &
  (number extends Includes['length'] ? Pick<ContactParts, Includes[number]> : Listed<Includes>);

type Listed<Includes extends readonly Include[]> = Includes extends readonly [
  infer First extends Include,
  ...infer Rest extends readonly Include[],
]
  ? Present<First> & Listed<Rest>
  : unknown;

/** Distributes, so that an element that is one of two leaves open which. */
type Present<P extends Include> = P extends Include ? Required<Pick<ContactParts, P>> : never;

interface KnownFields {
  readonly contact: keyof Contact;
  readonly notes: keyof Note;
  readonly entity: keyof Entity;
  readonly profile: never;
  readonly signals: never;
}

/** The known fields, for completion, and any other that your organization has. */
export type FieldName<P extends Part> = KnownFields[P] | (string & {});

/** Sparse fieldsets: the fields to send, by part. `id` always comes. */
export type Fieldsets = { readonly [P in Part]?: readonly FieldName<P>[] };
