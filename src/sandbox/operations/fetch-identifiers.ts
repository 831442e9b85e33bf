import { success } from '../messages.ts';
import { BRANDS, ORGANIZATIONS } from '../world.ts';
import type { SandboxOperation } from './operation.ts';

/** Takes the developer secret alone. The form of its response is not documented. */
export const fetchIdentifiers: SandboxOperation = {
  name: 'fetchIdentifiers',
  path: '/apis/v2/public/developers/fetchIdentifiers',
  credentials: 'secret',
  required: [],
  carryOut({ account }) {
    const organizations = ORGANIZATIONS.filter(({ id }) => account.orgs.includes(id)).map((org) => ({
      org_id: org.id,
      org_name: org.name,
      members: org.members.map(({ id, name }) => ({ member_id: id, member_name: name })),
    }));
    const brands = BRANDS.filter((brand) => brand.account === account.name).map(({ id, name }) => ({
      brand_id: id,
      brand_name: name,
    }));
    return success({ api_key: account.apiKey, organizations, brands });
  },
};
