import { orgOf } from '../contacts.ts';
import { failure, success } from '../messages.ts';
import { BRANDS, ORGANIZATIONS } from '../world.ts';
import type { SandboxOperation } from './operation.ts';

/** Takes the API key alone. Refusals of an unknown brand or organization are not documented. */
export const fetchMembers: SandboxOperation = {
  name: 'fetchMembers',
  path: '/public/account/fetchMembers',
  credentials: 'key',
  required: [
    ['brand_id', 'MISSING_BRAND', 'Missing brand ID'],
    ['org_id', 'MISSING_ORG', 'Missing org ID'],
  ],
  carryOut(request) {
    const { body, account } = request;
    const brand = BRANDS.find(({ id }) => String(id) === String(body['brand_id']));
    if (brand?.account !== account.name) return failure('INVALID_BRAND', 'No such brand');
    const org = ORGANIZATIONS.find(({ id }) => id === orgOf(request));
    if (!org) return failure('INVALID_ORG', 'No such organization');
    return success(org.members.map(({ id, name }) => ({ member_id: id, member_name: name })));
  },
};
