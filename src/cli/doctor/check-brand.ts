import type { CallOptions, UpstreamCall } from '../../upstream/operation.ts';
import { fetchMembers } from '../../upstream/operations/fetch-members.ts';
import { connectionAdvice } from './connection-advice.ts';
import { isUpstreamReply } from './evaluate-connection.ts';
import { failed, passed, warned, type Finding } from './finding.ts';
import { reasonOf } from './reason-of.ts';

const CHECK = 'brand';

/** Lists the members of the brand once, as `GET /members` does. */
export async function checkBrand(
  send: UpstreamCall,
  { brand, org }: { readonly brand: number; readonly org: string | undefined },
  callOptions: CallOptions,
): Promise<Finding> {
  if (org === undefined) {
    const detail = 'cannot be checked: the organization is not known';
    return warned(CHECK, detail, 'fix the credentials first, or request GET /members with a token');
  }
  let count = 0;
  const reason = await reasonOf(async () => {
    count = (await send(fetchMembers, { org, brand }, callOptions)).length;
  });
  if (reason === 'ok') return passed(CHECK, `is accepted; members listed: ${count}`);
  if (isUpstreamReply(reason)) {
    const detail = `cannot be checked while the upstream returns ${reason}`;
    return warned(CHECK, detail, 'fix that first, and run the doctor again');
  }
  if (reason !== 'UNKNOWN_MESSAGE')
    return failed(CHECK, `the members cannot be listed (${reason})`, connectionAdvice(reason));
  return failed(
    CHECK,
    `ZYNTRO_BRAND_ID is refused for organization ${org}`,
    'check it: npm run --silent doctor -- --onboard lists the brands of the account',
  );
}
