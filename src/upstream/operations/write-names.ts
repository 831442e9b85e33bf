/**
 * The names under which the upstream takes fields, by their API names. `firstName`, `primaryEmail`, `roleLabel`,
 * `customFields` and the entity's `name`, `label`, `status` and `website` are documented (addContactsFull and
 * updateFieldData pages); the others follow their pattern. A field without an entry goes out under its API name.
 */
export const CONTACT_WRITE_NAMES = {
  email: 'primaryEmail',
  phone: 'primaryPhone',
  firstName: 'firstName',
  lastName: 'lastName',
  name: 'name',
  salutation: 'salutation',
  roleLabel: 'roleLabel',
  address: 'address',
  city: 'city',
  state: 'state',
  zip: 'zip',
  country: 'country',
  countryCode: 'countryCode',
  timezone: 'timezone',
  stage: 'stage',
  stageId: 'stageId',
  source: 'source',
  status: 'status',
  owner: 'owner',
  tags: 'tags',
  customFields: 'customFields',
  dnc: 'dnc',
  smsOptout: 'smsOptout',
  emailOptout: 'emailOptout',
  emailVerified: 'emailVerified',
  phoneVerified: 'phoneVerified',
  autoEngage: 'autoEngage',
  isTest: 'isTest',
} as const;

/**
 * The names of an entity's fields in `updateFieldData`, whose `fields` hold those of the contact, too: names
 * that a contact has are preceded by `entity`. In `addContactsFull` the entity is an object of its own and takes
 * the API names.
 */
export const ENTITY_WRITE_NAMES = {
  name: 'entityName',
  label: 'label',
  status: 'entityStatus',
  website: 'website',
  location: 'location',
  socials: 'socials',
  tags: 'entityTags',
  customFields: 'entityCustomFields',
} as const;

/** API names of the contact's fields that the upstream sets itself. */
export const READ_ONLY_CONTACT_FIELDS = ['id', 'dateCreated', 'dateUpdated'] as const;
