import { definePart } from './part.ts';

export const profile = definePart({
  name: 'profile',
  upstream: { flag: 'include_profile', member: 'contact_profile', form: 'either' },
  defaultTtlS: 3600,
  schemaName: 'Profile',
  title: 'Enrichment data about the contact',
  description: 'Enrichment data about the contact',
  fieldsExample: 'jobTitle',
  example: { jobTitle: 'Head of Operations', companySize: '51-200' },
});
