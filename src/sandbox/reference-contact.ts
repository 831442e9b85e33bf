/** The sample contact of the upstream's fetchContact page, with an e-mail address in place of the hidden one. */
export const REFERENCE_CONTACT = {
  contact_id: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  contact_dnc: '0',
  contact_zip: '94105',
  contact_city: 'San Francisco',
  contact_name: 'Jane Smith',
  contact_tags: '["prospect", "webinar-attendee"]',
  contact_email: 'jane.smith@example.com',
  contact_owner: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b',
  contact_phone: '+1-555-0123',
  contact_stage: 'Nurturing',
  contact_state: 'CA',
  contact_source: 'Website Form',
  contact_status: 'Active',
  contact_address: '123 Main St',
  contact_country: 'United States',
  contact_is_test: '0',
  contact_stageid: 'stage-uuid',
  contact_timezone: 'America/Los_Angeles',
  contact_last_name: 'Smith',
  contact_first_name: 'Jane',
  contact_role_label: 'Decision Maker',
  contact_salutation: 'Ms',
  contact_sms_optout: '0',
  contact_auto_engage: '1',
  contact_country_code: 'US',
  contact_date_created: '2025-01-15 09:30:00',
  contact_date_updated: '2025-03-20 14:22:00',
  contact_email_optout: '0',
  contact_custom_fields: '{"industry": "Technology"}',
  contact_email_verified: '1',
  contact_phone_verified: '0',
};

export const REFERENCE_NOTE = {
  maker: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b',
  content: 'Expressed interest in the enterprise plan during the demo call.',
  created: '2025-03-10 11:00:00',
  private: false,
};

export const REFERENCE_ENTITY = {
  entity_name: 'Acme Corp',
  entity_tags: '[]',
  entity_label: 'Company',
  entity_socials: '{}',
  entity_website: 'https://acme.com',
  entity_location: 'San Francisco, CA',
  entity_custom_fields: '{}',
};

/** The page documents neither profile nor signals; these fields are fictitious. */
export const REFERENCE_PROFILE = {
  job_title: 'Head of Operations',
  linkedin_url: 'https://www.example.com/in/jane-smith',
  company_size: '51-200',
  years_in_role: '4',
};
export const REFERENCE_SIGNALS = [
  { signal_type: 'email_opened', signal_count: '7', signal_last_seen: '2025-03-19 08:12:00' },
  { signal_type: 'page_visited', signal_count: '3', signal_last_seen: '2025-03-20 14:20:00' },
];
