import { definePart } from './part.ts';

export const entity = definePart({
  name: 'entity',
  upstream: { flag: 'include_entity', member: 'entity', form: 'object' },
  defaultTtlS: 300,
  schemaName: 'Entity',
  title: 'A company',
  description: 'The company that the contact belongs to',
  fieldsExample: 'name,website',
  table: {
    prefix: 'entity_',
    fields: {
      entity_name: { kind: 'text', description: 'Name of the company.', example: 'Acme Corp' },
      entity_tags: { kind: 'list', description: 'Labels on the company.', example: [] },
      entity_label: { kind: 'text', description: 'Kind of entity.', example: 'Company' },
      entity_socials: { kind: 'object', description: 'Profiles in social networks.', example: {} },
      entity_website: { kind: 'text', description: 'Address of the website.', example: 'https://acme.com' },
      entity_location: {
        kind: 'text',
        description: 'Location of the company.',
        example: 'San Francisco, CA',
      },
      entity_custom_fields: {
        kind: 'object',
        description: 'Custom fields of the organization.',
        example: {},
      },
    },
  },
});
