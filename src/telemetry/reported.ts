import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import { isAppError, type AppError, type ErrorCode } from '../errors.ts';
import type { Health } from './health.ts';
import type { Log } from './log.ts';

/** What the operator has to do, by the upstream's own code. */
const ADVICE: Readonly<Record<string, string>> = {
  MISSING_API_KEY: 'the upstream got no API key: set ZYNTRO_API_KEY',
  INVALID_API_KEY: 'no active account has this API key: check ZYNTRO_API_KEY',
  MISSING_DEVELOPER_SECRET: 'the upstream got no developer secret: set ZYNTRO_DEVELOPER_SECRET',
  INVALID_DEVELOPER_SECRET: 'no active key has this developer secret: check ZYNTRO_DEVELOPER_SECRET',
  USER_INACTIVE: 'the account of this API key is deactivated: ask the admin of the Zyntro organization',
  IP_NOT_WHITELISTED:
    "this proxy's egress address is not on the developer key's list: have it added, or check EGRESS_LOCAL_ADDRESS and EGRESS_PROXY_URL",
  EADDRNOTAVAIL: 'EGRESS_LOCAL_ADDRESS is no address of this machine',
  EAI_ADDRFAMILY:
    'the upstream has no address of the family of EGRESS_LOCAL_ADDRESS: set an IPv4 address for IPv4, an IPv6 address for IPv6',
};

/** Failures that last until the operator changes EGRESS_LOCAL_ADDRESS or the machine. */
const EGRESS_ADDRESS_FAULTS = new Set(['EADDRNOTAVAIL', 'EAI_ADDRFAMILY']);

const OPERATORS: readonly ErrorCode[] = ['UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED'];

/**
 * Tells log and health of faults that are the operator's: once when one begins and once when it ends, not
 * once a call.
 *
 * @param component names whose credentials an organization uses, so that one organization's good answers
 *   do not hide another's bad ones.
 */
export function reported(
  fetchRaw: AttemptRawParts,
  options: { readonly log: Log; readonly health: Health; readonly component: (org: string) => string },
): AttemptRawParts {
  const { log, health } = options;
  return async function fetchAndReport(query, fetchOptions) {
    const component = options.component(query.org);
    try {
      const parts = await fetchRaw(query, fetchOptions);
      recovered(component);
      return parts;
    } catch (error) {
      if (isAppError(error, 'CONTACT_NOT_FOUND')) recovered(component);
      else if (isAppError(error)) failed(component, error);
      throw error;
    }
  };

  function failed(component: string, error: AppError): void {
    const upstreamCode = error.details.reason ?? error.code;
    const operators = OPERATORS.includes(error.code);
    const advice = ADVICE[upstreamCode];
    const line = { component, code: error.code, upstreamCode, ...(advice && { advice }) };
    const unusable = EGRESS_ADDRESS_FAULTS.has(upstreamCode);
    if (operators || unusable) {
      if (health.fail(component, `${upstreamCode}: ${advice}`))
        log.error(line, unusable ? 'egress address cannot be used' : 'the upstream refuses this proxy');
    } else if (error.code !== 'CLIENT_GONE') log.warn(line, 'upstream call failed');
  }

  function recovered(component: string): void {
    if (health.recover(component)) log.info({ component }, 'the upstream accepts this proxy again');
  }
}
