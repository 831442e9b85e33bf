import { isIPv4 } from 'node:net';
import { ORGANIZATIONS, type Account, type World } from './world.ts';
import type { ContactRecord, StoredNote } from './records.ts';

/** The documented message of each error code, in the order of the checks. */
export const MESSAGES = {
  MISSING_API_KEY: 'Missing service instance',
  INVALID_API_KEY: 'Invalid API Key',
  MISSING_DEVELOPER_SECRET: 'Missing developer_secret',
  INVALID_DEVELOPER_SECRET: 'Invalid developer_secret',
  IP_NOT_WHITELISTED: 'IP address not whitelisted',
  USER_INACTIVE: 'User is not active',
  MISSING_CONTACT_ID: 'Missing contact ID',
  MISSING_ORG_ID: 'Missing org ID',
  MISSING_MEMBER_ID: 'Missing member ID',
  NOT_FOUND: 'No such contact',
} as const;
export type UpstreamCode = keyof typeof MESSAGES;

export type Body = Readonly<Record<string, unknown>>;
export interface SandboxResponse {
  readonly outcome: 'success' | UpstreamCode;
  readonly body: object;
}

/** Implements fetchContact as documented: every outcome is an envelope. */
export function fetchContact(body: Body, peer: string, world: World): SandboxResponse {
  const access = checkAccess(body, peer, world);
  if (typeof access === 'string') return failure(access);
  for (const [field, code] of REQUIRED) if (isMissing(body[field])) return failure(code);
  const member = String(body['member_id']).toLowerCase();
  const record = visibleRecord(body, member, access, world);
  return record ? { outcome: 'success', body: successBody(record, body, member) } : failure('NOT_FOUND');
}

/** Implements fetchIdentifiers: it checks the developer secret and the IP allowlist. */
export function fetchIdentifiers(body: Body, peer: string, world: World): SandboxResponse {
  const secret = body['developer_secret'];
  if (isMissing(secret)) return failure('MISSING_DEVELOPER_SECRET');
  const account = world.accounts.find((one) => one.developerSecret === secret);
  if (!account) return failure('INVALID_DEVELOPER_SECRET');
  if (!isAllowed(account, peer)) return failure('IP_NOT_WHITELISTED');
  const organizations = ORGANIZATIONS.filter(({ id }) => account.orgs.includes(id)).map((org) => ({
    org_id: org.id,
    org_name: org.name,
    members: org.members.map(({ id, name }) => ({ member_id: id, member_name: name })),
  }));
  const data = { api_key: account.apiKey, organizations, brands: [] };
  return { outcome: 'success', body: { data, status: 'success' } };
}

export function failure(code: UpstreamCode): SandboxResponse {
  return { outcome: code, body: { data: [MESSAGES[code]], status: 'error' } };
}

const REQUIRED = [
  ['contact_id', 'MISSING_CONTACT_ID'],
  ['org_id', 'MISSING_ORG_ID'],
  ['member_id', 'MISSING_MEMBER_ID'],
] as const;

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function checkAccess(body: Body, peer: string, { accounts }: World): Account | UpstreamCode {
  const { api_key: apiKey, developer_secret: secret } = body;
  if (isMissing(apiKey)) return 'MISSING_API_KEY';
  const account = accounts.find((one) => one.apiKey === apiKey);
  if (!account) return 'INVALID_API_KEY';
  if (isMissing(secret)) return 'MISSING_DEVELOPER_SECRET';
  if (account.developerSecret !== secret) return 'INVALID_DEVELOPER_SECRET';
  if (!isAllowed(account, peer)) return 'IP_NOT_WHITELISTED';
  return account.active ? account : 'USER_INACTIVE';
}

function isAllowed(account: Account, peer: string): boolean {
  return account.allowed.check(peer, isIPv4(peer) ? 'ipv4' : 'ipv6');
}

/** Returns undefined if the contact is unknown, in another organization, or hidden from the member. */
function visibleRecord(
  body: Body,
  member: string,
  account: Account,
  world: World,
): ContactRecord | undefined {
  const org = String(body['org_id']).toLowerCase();
  const record = world.contacts.get(String(body['contact_id']).toLowerCase());
  const members = ORGANIZATIONS.find(({ id }) => id === org)?.members ?? [];
  if (!record || record.org !== org || !account.orgs.includes(org)) return undefined;
  if (!members.some(({ id }) => id === member)) return undefined;
  return record.hidden && record.contact['contact_owner'] !== member ? undefined : record;
}

function successBody(record: ContactRecord, body: Body, member: string): object {
  const isRequested = (flag: string) => body[flag] === 1;
  const data = {
    notes: isRequested('include_notes') ? visibleNotes(record, member) : null,
    entity: isRequested('include_entity') ? record.entity : null,
    contact: record.contact,
    signals: isRequested('include_signals') ? record.signals : null,
    contact_profile: isRequested('include_profile') ? record.profile : null,
  };
  return { data, status: 'success' };
}

function visibleNotes({ notes }: ContactRecord, member: string): unknown {
  const visible = (notes ?? []).flatMap((note) => {
    if (!isStored(note)) return [note];
    if (note.private && note.maker !== member) return [];
    return [{ note_maker: note.maker, note_content: note.content, note_date_created: note.created }];
  });
  return notes === null || visible.length === 0 ? null : visible;
}

function isStored(note: object): note is StoredNote {
  return 'maker' in note;
}
