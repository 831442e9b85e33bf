/** The OpenAPI text and example of a known field, in addition to its entry in the field table. */
export interface FieldNote {
  readonly description: string;
  readonly example: unknown;
  /** The type of the JSON in the upstream's string, if the field holds JSON. */
  readonly json?: 'list' | 'object';
  /** Present in every response, even if `fields[…]` does not list it, and never null. */
  readonly always?: true;
}
export type FieldNotes = Readonly<Record<string, FieldNote>>;

const MEMBER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';

/** Keyed by the names in responses. A test compares these tables with the field table. */
export const CONTACT_NOTES: FieldNotes = {
  id: {
    description: 'UUID of the contact.',
    example: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
    always: true,
  },
  dnc: { description: 'Whether the contact must not be contacted ("do not contact").', example: false },
  zip: { description: 'Postal code.', example: '94105' },
  city: { description: 'City.', example: 'San Francisco' },
  name: { description: 'Full name.', example: 'Jane Smith' },
  tags: { description: 'Labels on the contact.', example: ['prospect', 'webinar-attendee'], json: 'list' },
  email: { description: 'E-mail address.', example: 'jane.smith@example.com' },
  owner: { description: 'UUID of the member who owns the contact.', example: MEMBER },
  phone: { description: 'Telephone number.', example: '+1-555-0123' },
  stage: { description: 'Name of the stage in the pipeline.', example: 'Nurturing' },
  state: { description: 'State or region of the address.', example: 'CA' },
  source: { description: 'Origin of the contact.', example: 'Website Form' },
  status: { description: 'Status of the contact.', example: 'Active' },
  address: { description: 'Street address.', example: '123 Main St' },
  country: { description: 'Country by name.', example: 'United States' },
  isTest: { description: 'Whether this is a test record.', example: false },
  stageId: { description: 'Identifier of the stage.', example: 'stage-uuid' },
  timezone: { description: 'Time zone of the contact (IANA name).', example: 'America/Los_Angeles' },
  lastName: { description: 'Last name.', example: 'Smith' },
  firstName: { description: 'First name.', example: 'Jane' },
  roleLabel: { description: 'Role of the contact.', example: 'Decision Maker' },
  salutation: { description: 'Form of address.', example: 'Ms' },
  smsOptout: { description: 'Whether the contact opted out of text messages.', example: false },
  autoEngage: { description: 'Whether the CRM engages the contact automatically.', example: true },
  countryCode: { description: 'Country by ISO 3166-1 code.', example: 'US' },
  dateCreated: { description: 'When the contact was created.', example: '2025-01-15T09:30:00Z' },
  dateUpdated: { description: 'When the contact was last changed.', example: '2025-03-20T14:22:00Z' },
  emailOptout: { description: 'Whether the contact opted out of e-mail.', example: false },
  customFields: {
    description: 'Custom fields of the organization.',
    example: { industry: 'Technology' },
    json: 'object',
  },
  emailVerified: { description: 'Whether the e-mail address was verified.', example: true },
  phoneVerified: { description: 'Whether the telephone number was verified.', example: false },
};

export const ENTITY_NOTES: FieldNotes = {
  name: { description: 'Name of the company.', example: 'Acme Corp' },
  tags: { description: 'Labels on the company.', example: [], json: 'list' },
  label: { description: 'Kind of entity.', example: 'Company' },
  socials: { description: 'Profiles in social networks.', example: {}, json: 'object' },
  website: { description: 'Address of the website.', example: 'https://acme.com' },
  location: { description: 'Location of the company.', example: 'San Francisco, CA' },
  customFields: {
    description: 'Custom fields of the organization.',
    example: {},
    json: 'object',
  },
};

export const NOTE_NOTES: FieldNotes = {
  maker: { description: 'UUID of the member who wrote the note.', example: MEMBER },
  content: {
    description: 'Text of the note.',
    example: 'Expressed interest in the enterprise plan during the demo call.',
  },
  dateCreated: { description: 'When the note was written.', example: '2025-03-10T11:00:00Z' },
};
