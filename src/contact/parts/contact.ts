import { definePart } from './part.ts';

export const contact = definePart({
  name: 'contact',
  upstream: { member: 'contact', form: 'object' },
  defaultTtlS: 60,
  schemaName: 'Contact',
  title: 'A contact',
  description: 'The contact itself',
  fieldsExample: 'name,email',
  table: {
    prefix: 'contact_',
    fields: {
      contact_id: {
        kind: 'text',
        always: true,
        description: 'UUID of the contact.',
        example: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
      },
      contact_dnc: {
        kind: 'flag',
        description: 'Whether the contact must not be contacted ("do not contact").',
        example: false,
      },
      contact_zip: { kind: 'text', description: 'Postal code.', example: '94105' },
      contact_city: { kind: 'text', description: 'City.', example: 'San Francisco' },
      contact_name: { kind: 'text', description: 'Full name.', example: 'Jane Smith' },
      contact_tags: {
        kind: 'list',
        description: 'Labels on the contact.',
        example: ['prospect', 'webinar-attendee'],
      },
      contact_email: { kind: 'text', description: 'E-mail address.', example: 'jane.smith@example.com' },
      contact_owner: {
        kind: 'text',
        description: 'UUID of the member who owns the contact.',
        example: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b',
      },
      contact_phone: { kind: 'text', description: 'Telephone number.', example: '+1-555-0123' },
      contact_stage: {
        kind: 'text',
        description: 'Name of the stage in the pipeline.',
        example: 'Nurturing',
      },
      contact_state: { kind: 'text', description: 'State or region of the address.', example: 'CA' },
      contact_source: { kind: 'text', description: 'Origin of the contact.', example: 'Website Form' },
      contact_status: { kind: 'text', description: 'Status of the contact.', example: 'Active' },
      contact_address: { kind: 'text', description: 'Street address.', example: '123 Main St' },
      contact_country: { kind: 'text', description: 'Country by name.', example: 'United States' },
      contact_is_test: { kind: 'flag', description: 'Whether this is a test record.', example: false },
      contact_stageid: {
        kind: 'text',
        name: 'stageId',
        description: 'Identifier of the stage.',
        example: 'stage-uuid',
      },
      contact_timezone: {
        kind: 'text',
        description: 'Time zone of the contact (IANA name).',
        example: 'America/Los_Angeles',
      },
      contact_last_name: { kind: 'text', description: 'Last name.', example: 'Smith' },
      contact_first_name: { kind: 'text', description: 'First name.', example: 'Jane' },
      contact_role_label: { kind: 'text', description: 'Role of the contact.', example: 'Decision Maker' },
      contact_salutation: { kind: 'text', description: 'Form of address.', example: 'Ms' },
      contact_sms_optout: {
        kind: 'flag',
        description: 'Whether the contact opted out of text messages.',
        example: false,
      },
      contact_auto_engage: {
        kind: 'flag',
        description: 'Whether the CRM engages the contact automatically.',
        example: true,
      },
      contact_country_code: { kind: 'text', description: 'Country by ISO 3166-1 code.', example: 'US' },
      contact_date_created: {
        kind: 'time',
        description: 'When the contact was created.',
        example: '2025-01-15T09:30:00Z',
      },
      contact_date_updated: {
        kind: 'time',
        description: 'When the contact was last changed.',
        example: '2025-03-20T14:22:00Z',
      },
      contact_email_optout: {
        kind: 'flag',
        description: 'Whether the contact opted out of e-mail.',
        example: false,
      },
      contact_custom_fields: {
        kind: 'object',
        description: 'Custom fields of the organization.',
        example: { industry: 'Technology' },
      },
      contact_email_verified: {
        kind: 'flag',
        description: 'Whether the e-mail address was verified.',
        example: true,
      },
      contact_phone_verified: {
        kind: 'flag',
        description: 'Whether the telephone number was verified.',
        example: false,
      },
    },
  },
});
