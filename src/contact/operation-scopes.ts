/** The scopes of the operations that find and change contacts, by their names in `config/scopes.json`. */
export const OPERATION_SCOPES = [
  'lookupContacts',
  'createContacts',
  'writeContacts',
  'writeAnyContact',
  'writeNotes',
  'writeActivities',
  'readMembers',
] as const;
export type OperationScope = (typeof OPERATION_SCOPES)[number];
