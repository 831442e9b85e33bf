import { isAppError, type AppError, type ErrorCode } from '../../errors.ts';
import type { Health } from '../../telemetry/health.ts';
import type { Log } from '../../telemetry/log.ts';
import { disproves, type RequiredCredentials, type UpstreamCredentials } from '../credentials.ts';
import { isAccepted, type Policy } from '../operation.ts';

/** Advice to the operator, by upstream code or error code. */
const ADVICE: Readonly<Record<string, string>> = {
  MISSING_API_KEY: 'the upstream got no API key: set ZYNTRO_API_KEY',
  INVALID_API_KEY: 'no active account has this API key: check ZYNTRO_API_KEY',
  MISSING_DEVELOPER_SECRET: 'the upstream got no developer secret: set ZYNTRO_DEVELOPER_SECRET',
  INVALID_DEVELOPER_SECRET: 'no active key has this developer secret: check ZYNTRO_DEVELOPER_SECRET',
  USER_INACTIVE: 'the account of this API key is deactivated: ask the admin of the Zyntro organization',
  IP_NOT_WHITELISTED:
    "this proxy's egress address is not on the developer key's list: have it added, or check EGRESS_LOCAL_ADDRESS and EGRESS_PROXY_URL",
  EADDRNOTAVAIL: 'EGRESS_LOCAL_ADDRESS is not an address of this machine',
  EAI_ADDRFAMILY:
    'the upstream has no address of the family of EGRESS_LOCAL_ADDRESS: set an IPv4 address for IPv4, an IPv6 address for IPv6',
};

/** Failures that last until the operator changes EGRESS_LOCAL_ADDRESS or the machine. */
const EGRESS_ADDRESS_FAULTS = new Set(['EADDRNOTAVAIL', 'EAI_ADDRFAMILY']);

const OPERATORS: readonly ErrorCode[] = ['UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED'];

/**
 * Reports faults that the operator has to fix to the log and to readiness, when they begin and when they end. Logs
 * each other failed attempt as a warning, unless the caller gave up. A call ends a fault only if it carries the
 * credentials that the fault is about.
 *
 * @param options.component returns the name under which an organization's credentials are reported, so that the
 *   successes of one organization do not hide the failures of another.
 * @param options.credentialsOf returns the current credentials of an organization. The outcome of a call whose
 *   credentials were replaced during the call is not reported to readiness.
 */
export function report(options: {
  readonly log: Log;
  readonly health: Health;
  readonly component: (org: string) => string;
  readonly credentialsOf: (org: string) => UpstreamCredentials | undefined;
}): Policy {
  const { log, health } = options;
  /** The upstream or error code of the latest fault, by component. */
  const faults = new Map<string, string>();

  return (next) =>
    async function reportOutcome(operation, input, callOptions) {
      const component = options.component(input.org);
      const isCurrent = () => options.credentialsOf(input.org) === callOptions.credentials;
      try {
        const output = await next(operation, input, callOptions);
        if (isCurrent()) accepted(component, operation.credentials);
        return output;
      } catch (error) {
        if (isAccepted(error)) {
          if (isCurrent()) accepted(component, operation.credentials);
        } else if (isAppError(error)) failed(component, error, isCurrent());
        throw error;
      }
    };

  function failed(component: string, error: AppError, isCurrent: boolean): void {
    const upstreamCode = error.details.reason ?? error.code;
    const operators = OPERATORS.includes(error.code);
    const advice = ADVICE[upstreamCode];
    const { path } = error.details;
    const line = { component, code: error.code, upstreamCode, path, ...(advice && { advice }) };
    const unusable = EGRESS_ADDRESS_FAULTS.has(upstreamCode);
    if ((operators || unusable) && isCurrent) {
      faults.set(component, upstreamCode);
      if (health.fail(component, `${upstreamCode}: ${advice}`))
        log.error(line, unusable ? 'egress address cannot be used' : 'the upstream refuses this proxy');
    } else if (error.code !== 'CLIENT_GONE') log.warn(line, 'upstream call failed');
  }

  function accepted(component: string, credentials: RequiredCredentials): void {
    const fault = faults.get(component);
    if (fault === undefined || !disproves(credentials, fault)) return;
    faults.delete(component);
    if (health.recover(component)) log.info({ component }, 'the upstream accepts this proxy again');
  }
}
