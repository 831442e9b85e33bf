import type { ContactWith, OwnFields } from './contact-types.ts';
import type * as Schema from './schema.ts';

export interface NoteInput {
  /** 1 to 10,000 characters. */
  readonly content: string;
  /** Whether other members see the note. Default: false. */
  readonly visible?: boolean | undefined;
  /** Whether other members can edit the note. Default: false. */
  readonly editable?: boolean | undefined;
}

export type { CreatedContact, Member, WrittenNote } from './schema.ts';

/** The value of a field as it is written: without null, and without the text of a value that did not parse. */
type FieldInput<Value> = [Extract<Value, boolean | object>] extends [never]
  ? NonNullable<Value>
  : Extract<Value, boolean | object>;

/** The fields of an object that can be written. */
type Changes<Value, ReadOnly extends string> = {
  readonly [Name in Exclude<keyof Value, ReadOnly | 'tags'>]?: FieldInput<Value[Name]> | undefined;
} & {
  /** Tags to add. The CRM does not support removing tags. */
  readonly tags?: { readonly add: readonly string[] } | undefined;
} & OwnFields;

/** Changes to a contact, in the form that `getContact` returns. */
export interface ContactChanges {
  readonly contact?: Changes<Schema.Contact, 'id' | 'dateCreated' | 'dateUpdated'> | undefined;
  /** Changes to the company, which other contacts may share. */
  readonly entity?: Changes<Schema.Entity, never> | undefined;
}

export interface NewContact extends ContactChanges {
  readonly contact: NonNullable<ContactChanges['contact']>;
  /** Creates the contact without a company. */
  readonly skipEntity?: boolean | undefined;
  /** The behaviour if the contact exists: fail with `CONTACT_EXISTS` (default), or update the contact. */
  readonly onExisting?: 'fail' | 'update' | undefined;
  /** The field that identifies an existing contact. Default: `email`. */
  readonly matchBy?: 'email' | 'phone' | undefined;
}

/** Exactly one criterion: an exact e-mail address or phone number, or a text of 3 to 200 characters. */
export type Lookup =
  | { readonly email: string; readonly phone?: never; readonly text?: never }
  | { readonly phone: string; readonly email?: never; readonly text?: never }
  | { readonly text: string; readonly email?: never; readonly phone?: never };

export interface Activity {
  readonly type: 'email' | 'sms' | 'call' | 'message';
  readonly data: string | OwnFields;
  /** At most 55 characters. */
  readonly source?: string | undefined;
  readonly sentiment?: string | undefined;
  readonly nextStep?: string | undefined;
  readonly status?: 'pending' | 'processed' | undefined;
}

/** The representation that a write returns: the operation's own (`minimal`), or the contact as it is now. */
export type Preference = 'minimal' | 'representation';

/**
 * The result of a write. With the preference `representation` it is the contact, or the operation's own result if
 * the contact cannot be read after the write.
 */
export type Written<P extends Preference, Minimal> = P extends 'representation'
  ? ContactWith<[]> | Minimal
  : Minimal;
