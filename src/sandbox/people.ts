import type { Random } from './random.ts';
import type { ContactRecord, Organization } from './records.ts';

const FIRST =
  'Ada Amir Ana Ben Carla Chen Dana Elif Femi Grace Hugo Ines Jonas Kofi Lena Maya Nils Olga Priya Rosa Sven Tariq Uma Vera Yuki Zoé'.split(
    ' ',
  );
const LAST =
  'Almeida Bauer Castillo Dubois Eriksen Fischer Garcia Haddad Ito Jensen Kowalski Lindgren Moreau Nakamura Okafor Patel Quinn Rossi Silva Tanaka Ueda Vargas Weber Xu Yilmaz Zhang'.split(
    ' ',
  );
const PLACES = [
  ['Austin', 'TX', '78701', 'United States', 'US', 'America/Chicago'],
  ['Berlin', 'BE', '10115', 'Germany', 'DE', 'Europe/Berlin'],
  ['Lyon', 'ARA', '69002', 'France', 'FR', 'Europe/Paris'],
  ['Osaka', 'Osaka', '530-0001', 'Japan', 'JP', 'Asia/Tokyo'],
  ['Porto', 'Porto', '4050-253', 'Portugal', 'PT', 'Europe/Lisbon'],
  ['Leeds', 'England', 'LS1 4AP', 'United Kingdom', 'GB', 'Europe/London'],
] as const;
const STAGES = ['New', 'Nurturing', 'Qualified', 'Proposal', 'Customer'];
const ROLES = ['Decision Maker', 'Influencer', 'End User', 'Champion'];
const SOURCES = ['Website Form', 'Referral', 'Trade Show', 'Import', 'Webinar'];
const TAGS = ['prospect', 'webinar-attendee', 'newsletter', 'vip', 'churn-risk', 'partner'];
const COMPANIES = ['Acme', 'Borealis', 'Cobalt', 'Dunes', 'Evergreen', 'Fjord', 'Granite', 'Harbor'];
const KINDS = ['Corp', 'GmbH', 'Ltd', 'SAS', 'Labs', 'Group'];
const INDUSTRIES = ['Technology', 'Logistics', 'Retail', 'Health', 'Education'];
const NOTES = [
  'Asked for a quote for ten seats.',
  'Prefers a call in the morning.',
  'Renewal is due next quarter — check the discount.',
  'Met at the fair; wants to see the “enterprise” plan.',
  'Sent the contract, waiting for legal.\nFollow up on Friday.',
];
const SIGNALS = ['email_opened', 'link_clicked', 'page_visited', 'form_filled'];

/** Creates a fictitious contact. The same seed gives the same contact on every machine. */
export function makeContact(random: Random, org: Organization): ContactRecord {
  const flag = (probability: number) => (random.chance(probability) ? '1' : '0');
  const first = random.pick(FIRST);
  const last = random.pick(LAST);
  const [city, state, zip, country, countryCode, timezone] = random.pick(PLACES);
  const owner = random.pick(org.members).id;
  const tags = TAGS.filter(() => random.chance(0.25));
  const mailbox = `${first}.${last}.${random.below(10_000)}`.toLowerCase().replace(/[^a-z0-9.]/g, 'e');
  return {
    org: org.id,
    hidden: random.chance(0.05),
    contact: {
      contact_id: random.uuid(),
      contact_dnc: flag(0.05),
      contact_zip: zip,
      contact_city: city,
      contact_name: `${first} ${last}`,
      contact_tags: JSON.stringify(tags),
      contact_email: `${mailbox}@${random.pick(['example.com', 'example.org', 'example.net'])}`,
      contact_owner: owner,
      contact_phone: `+1-555-01${String(random.below(100)).padStart(2, '0')}`,
      contact_stage: random.pick(STAGES),
      contact_state: state,
      contact_source: random.pick(SOURCES),
      contact_status: random.chance(0.9) ? 'Active' : 'Inactive',
      contact_address: `${1 + random.below(300)} Main St`,
      contact_country: country,
      contact_is_test: flag(0.02),
      contact_stageid: random.uuid(),
      contact_timezone: timezone,
      contact_last_name: last,
      contact_first_name: first,
      contact_role_label: random.pick(ROLES),
      contact_salutation: random.pick(['Ms', 'Mr', 'Mx', '']),
      contact_sms_optout: flag(0.1),
      contact_auto_engage: flag(0.5),
      contact_country_code: countryCode,
      contact_date_created: random.time(),
      contact_date_updated: random.time(),
      contact_email_optout: flag(0.1),
      contact_custom_fields: random.chance(0.5)
        ? JSON.stringify({ industry: random.pick(INDUSTRIES) })
        : '{}',
      contact_email_verified: flag(0.7),
      contact_phone_verified: flag(0.4),
    },
    notes: Array.from({ length: random.below(5) }, () => ({
      maker: random.pick(org.members).id,
      content: random.pick(NOTES),
      created: random.time(),
      private: random.chance(0.3),
    })),
    entity: random.chance(0.8) ? makeEntity(random, city) : null,
    profile: random.chance(0.6)
      ? {
          job_title: random.pick(ROLES),
          company_size: random.pick(['1-10', '11-50', '51-200']),
          years_in_role: String(random.below(12)),
        }
      : null,
    signals: random.chance(0.7)
      ? SIGNALS.filter(() => random.chance(0.6)).map((type) => ({
          signal_type: type,
          signal_count: String(1 + random.below(20)),
          signal_last_seen: random.time(),
        }))
      : null,
  };
}

function makeEntity(random: Random, city: string): Record<string, string> {
  const name = random.pick(COMPANIES);
  const site = `https://${name.toLowerCase()}.example.com`;
  return {
    entity_name: `${name} ${random.pick(KINDS)}`,
    entity_tags: random.chance(0.5) ? '[]' : JSON.stringify([random.pick(TAGS)]),
    entity_label: 'Company',
    entity_socials: random.chance(0.5) ? '{}' : JSON.stringify({ linkedin: `${site}/linkedin` }),
    entity_website: site,
    entity_location: city,
    entity_custom_fields: '{}',
  };
}
