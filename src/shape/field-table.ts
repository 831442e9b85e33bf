/**
 * The mapping from the upstream's field names and string values to those of the API (the fields are those of
 * the upstream's fetchContact page). Fields without an entry pass through under their camelCase name with
 * their value untouched.
 */
export type ValueKind =
  /** `"0"` or `"1"`, converted to a boolean. */
  | 'flag'
  /** A JSON array or object inside a string, parsed. */
  | 'json'
  /** `YYYY-MM-DD HH:MM:SS` without a zone, converted to ISO 8601. */
  | 'time'
  /** Unchanged. */
  | 'text';

export interface FieldTable {
  /** Removed from the beginning of a name. */
  readonly prefix: string;
  readonly kinds: Readonly<Record<string, ValueKind>>;
  /** API names that differ from the general rule (prefix removed, camelCase). */
  readonly names: Readonly<Record<string, string>>;
}

export const CONTACT_FIELDS: FieldTable = {
  prefix: 'contact_',
  names: { contact_stageid: 'stageId' },
  kinds: {
    contact_id: 'text',
    contact_dnc: 'flag',
    contact_zip: 'text',
    contact_city: 'text',
    contact_name: 'text',
    contact_tags: 'json',
    contact_email: 'text',
    contact_owner: 'text',
    contact_phone: 'text',
    contact_stage: 'text',
    contact_state: 'text',
    contact_source: 'text',
    contact_status: 'text',
    contact_address: 'text',
    contact_country: 'text',
    contact_is_test: 'flag',
    contact_stageid: 'text',
    contact_timezone: 'text',
    contact_last_name: 'text',
    contact_first_name: 'text',
    contact_role_label: 'text',
    contact_salutation: 'text',
    contact_sms_optout: 'flag',
    contact_auto_engage: 'flag',
    contact_country_code: 'text',
    contact_date_created: 'time',
    contact_date_updated: 'time',
    contact_email_optout: 'flag',
    contact_custom_fields: 'json',
    contact_email_verified: 'flag',
    contact_phone_verified: 'flag',
  },
};

export const ENTITY_FIELDS: FieldTable = {
  prefix: 'entity_',
  names: {},
  kinds: {
    entity_name: 'text',
    entity_tags: 'json',
    entity_label: 'text',
    entity_socials: 'json',
    entity_website: 'text',
    entity_location: 'text',
    entity_custom_fields: 'json',
  },
};

export const NOTE_FIELDS: FieldTable = {
  prefix: 'note_',
  names: {},
  kinds: {
    note_maker: 'text',
    note_content: 'text',
    note_date_created: 'time',
  },
};
