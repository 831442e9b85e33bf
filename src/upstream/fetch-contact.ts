import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import type { ContactQuery } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callUpstream, type UpstreamCallOptions } from './call-upstream.ts';
import type { UpstreamCredentials } from './credentials.ts';
import { decodeEnvelope } from './envelope.ts';

export const FETCH_CONTACT_PATH = '/apis/v2/public/crm/fetchContact';

export interface FetchContactOptions extends UpstreamCallOptions {
  /** The credentials of an organization, or undefined where it has none. */
  readonly credentialsOf: (org: string) => UpstreamCredentials | undefined;
}

/**
 * One call of the upstream's fetchContact, asking for the parts of the query and for no other, that ends at
 * its deadline whatever the upstream does.
 *
 * @throws AppError `ORG_NOT_CONFIGURED`, `CONTACT_NOT_FOUND` or one of the `UPSTREAM_…` codes; whatever
 *   `signal` was aborted with, where the caller gave up first.
 */
export function fetchContact(options: FetchContactOptions): AttemptRawParts {
  return async function fetchContactFromUpstream(query, bounds) {
    const credentials = options.credentialsOf(query.org);
    if (!credentials) throw new AppError('ORG_NOT_CONFIGURED');
    return decodeEnvelope(
      await callUpstream(options, FETCH_CONTACT_PATH, requestBody(query, credentials), bounds),
      query,
    );
  };
}

function requestBody(query: ContactQuery, credentials: UpstreamCredentials) {
  const flag = (part: (typeof query.parts)[number]) => (query.parts.includes(part) ? 1 : 0);
  return {
    api_key: credentials.apiKey,
    developer_secret: credentials.developerSecret,
    org_id: query.org,
    member_id: query.member,
    contact_id: query.contact,
    include_notes: flag('notes'),
    include_profile: flag('profile'),
    include_signals: flag('signals'),
    include_entity: flag('entity'),
  };
}
