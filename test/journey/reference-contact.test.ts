import { sign, goodClaims } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => void (world = await startWorld()));
afterAll(() => world?.stop());

const OWNER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
const EXPECTED = {
  data: {
    contact: {
      id: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
      dnc: false,
      zip: '94105',
      city: 'San Francisco',
      name: 'Jane Smith',
      tags: ['prospect', 'webinar-attendee'],
      email: 'jane.smith@example.com',
      owner: OWNER,
      phone: '+1-555-0123',
      stage: 'Nurturing',
      state: 'CA',
      source: 'Website Form',
      status: 'Active',
      address: '123 Main St',
      country: 'United States',
      isTest: false,
      stageId: 'stage-uuid',
      timezone: 'America/Los_Angeles',
      lastName: 'Smith',
      firstName: 'Jane',
      roleLabel: 'Decision Maker',
      salutation: 'Ms',
      smsOptout: false,
      autoEngage: true,
      countryCode: 'US',
      dateCreated: '2025-01-15T09:30:00Z',
      dateUpdated: '2025-03-20T14:22:00Z',
      emailOptout: false,
      customFields: { industry: 'Technology' },
      emailVerified: true,
      phoneVerified: false,
    },
    notes: [
      {
        maker: OWNER,
        content: 'Expressed interest in the enterprise plan during the demo call.',
        dateCreated: '2025-03-10T11:00:00Z',
      },
    ],
    entity: {
      name: 'Acme Corp',
      tags: [],
      label: 'Company',
      socials: {},
      website: 'https://acme.com',
      location: 'San Francisco, CA',
      customFields: {},
    },
  },
};

test('returns exactly the documented form of the reference contact', async () => {
  const { org, member, contact } = world.directory.reference;
  const token = sign(goodClaims(org, member), world.secret);
  const answer = await world.get(`/contacts/${contact}?include=notes,entity`, { token });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
  expect(answer.json()).toEqual(EXPECTED);
  const [call] = await world.sandbox.callsFor(contact);
  expect(call).toMatchObject({ orgId: org, memberId: member, contactId: contact });
});
