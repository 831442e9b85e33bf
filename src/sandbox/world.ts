import type { ContactRecord, Organization } from './records.ts';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { makeContact } from './people.ts';
import { randomFrom } from './random.ts';
import {
  REFERENCE_CONTACT,
  REFERENCE_ENTITY,
  REFERENCE_NOTE,
  REFERENCE_PROFILE,
  REFERENCE_SIGNALS,
} from './reference-contact.ts';

export interface Account {
  readonly name: string;
  readonly apiKey: string;
  developerSecret: string;
  readonly active: boolean;
  readonly orgs: readonly string[];
  allowed: BlockList;
}

export interface WorldSettings {
  readonly apiKey: string;
  readonly developerSecret: string;
  readonly allowedIps: readonly string[];
}

const SEED = 20_250_115;
const CONTACTS_PER_ORG = 1000;

const member = (id: string, name: string) => ({ id, name });
export const ORGANIZATIONS: readonly Organization[] = [
  {
    id: '0b9f7c1e-3d52-4a86-9c47-5e1d8f2a6b30',
    name: 'Northwind Sales',
    members: [
      member('f2470c7f-60b1-4491-b117-8ba0e3e2a53b', 'Morgan Lee'),
      member('1c5a9e74-8b3f-4d26-a0e1-6f7b2c9d4e85', 'Robin Kaur'),
      member('7d2e4b90-5c1a-4f38-8e6d-0a9b3c7f1d52', 'Sasha Ortiz'),
    ],
  },
  {
    id: '5e8d3a72-9f41-4c0b-b6d8-2a7c1e4f9063',
    name: 'Southbank Advisory',
    members: [
      member('93b1f6d8-2e7c-4a05-9d14-c8e5a0b7f362', 'Jules Meyer'),
      member('a46c0e2b-7d95-4e13-b8f7-19d3c5e2a084', 'Noor Aziz'),
    ],
  },
  {
    id: 'c7a1b5e9-4d60-4382-a9f5-8b0e6d3c2f17',
    name: 'Eastgate Partners',
    members: [
      member('2f9d8c41-6a3e-4b70-8c52-e7d1f0a9b634', 'Kim Larsen'),
      member('e05b7a3d-1c94-4f68-9b2e-3d8f6c5a7102', 'Alex Duarte'),
    ],
  },
];

/** Each account's brands. */
export const BRANDS = [
  { id: 101, name: 'Northwind', account: 'main' },
  { id: 102, name: 'Southbank', account: 'second' },
] as const;

export interface World {
  readonly accounts: readonly Account[];
  readonly contacts: Map<string, ContactRecord>;
}

/** Creates the accounts and contacts. The contacts are the same on every start. */
export function makeWorld(settings: WorldSettings): World {
  const [first, second, third] = ORGANIZATIONS as readonly [Organization, Organization, Organization];
  const allowed = blockListOf(settings.allowedIps);
  const account = (
    name: string,
    apiKey: string,
    developerSecret: string,
    active: boolean,
    orgs: readonly Organization[],
  ) => ({
    name,
    apiKey,
    developerSecret,
    active,
    orgs: orgs.map((org) => org.id),
    allowed,
  });
  return {
    accounts: [
      account('main', settings.apiKey, settings.developerSecret, true, [first, third]),
      account('second', 'sandbox-second-api-key', 'zdk_sandbox_second_secret', true, [second]),
      account('inactive', 'sandbox-inactive-api-key', 'zdk_sandbox_inactive_secret', false, [first]),
    ],
    contacts: new Map((startContacts ??= makeContacts())),
  };
}

/** Made once. Records are replaced and never changed, so that every world can begin with the same ones. */
let startContacts: ReadonlyMap<string, ContactRecord> | undefined;

export function makeContacts(): ReadonlyMap<string, ContactRecord> {
  const random = randomFrom(SEED);
  const reference: ContactRecord = {
    org: ORGANIZATIONS[0]!.id,
    hidden: false,
    contact: REFERENCE_CONTACT,
    notes: [REFERENCE_NOTE],
    entity: REFERENCE_ENTITY,
    profile: REFERENCE_PROFILE,
    signals: REFERENCE_SIGNALS,
  };
  const made = ORGANIZATIONS.flatMap((org) =>
    Array.from({ length: CONTACTS_PER_ORG }, () => makeContact(random, org)),
  );
  return new Map([reference, ...made].map((record) => [String(record.contact['contact_id']), record]));
}

/**
 * Parses IP addresses and CIDR ranges.
 *
 * @throws Error if an item is neither.
 */
export function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits, ...more] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const longest = family === 'ipv4' ? 32 : 128;
    const wellFormed = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
    if (isIP(address) === 0 || !wellFormed || more.length > 0) {
      throw new Error('must be IP addresses or CIDR ranges');
    }
    list.addSubnet(address, bits === undefined ? longest : Number(bits), family);
  }
  return list;
}
