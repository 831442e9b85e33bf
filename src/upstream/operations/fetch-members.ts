import { z } from 'zod';
import { ACCESS_REFUSALS, envelopeDecoder } from '../envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../operation.ts';

export interface MembersInput extends UpstreamInput {
  /** Numeric id of the brand. */
  readonly brand: number;
}

export interface Member {
  readonly id: string;
  readonly name: string;
}

const decode = envelopeDecoder(z.array(z.object({ member_id: z.string(), member_name: z.string() })), {
  ...ACCESS_REFUSALS,
  'Missing brand ID': ['MISSING_BRAND', 'UPSTREAM_BAD_RESPONSE'],
  'Missing org ID': ['MISSING_ORG', 'UPSTREAM_BAD_RESPONSE'],
});

/** Lists the members of an organization. It takes only the API key, at a path outside of `/apis/v2`. */
export const fetchMembers: UpstreamOperation<MembersInput, readonly Member[]> = {
  name: 'fetchMembers',
  path: '/public/account/fetchMembers',
  idempotent: true,
  credentials: 'key',
  body: ({ org, brand }, { apiKey }) => ({ api_key: apiKey, org_id: org, brand_id: brand }),
  decode: (text) => decode(text).map(({ member_id: id, member_name: name }) => ({ id, name })),
};
