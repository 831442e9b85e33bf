import type { Config } from '../../config/index.ts';
import type { Json } from '../../lib/json.ts';
import type { UpstreamCredentials } from '../../upstream/credentials.ts';
import { connectionAdvice } from './connection-advice.ts';
import { failed, passed, warned, type Finding } from './finding.ts';
import { isUpstreamReply, sourceOf } from './evaluate-connection.ts';
import type { HttpWatch } from './watch-http.ts';

export interface Pair {
  /** Undefined if one pair serves every organization. */
  readonly org: string | undefined;
  readonly credentials: UpstreamCredentials;
}

/** The result of each operation for one pair: `ok`, or the reason of the failure. */
export interface PairResults {
  readonly contact: string;
  readonly identifiers: string;
  /** The response of fetchIdentifiers. It contains an API key and must not be shown. */
  readonly listed: Json | undefined;
}

/** Evaluates the egress address, the developer secret and the API key of one pair from both results. */
export function evaluatePair(
  { org }: Pair,
  results: PairResults,
  upstream: Config['upstream'],
  watch: HttpWatch,
): Finding[] {
  const of = org === undefined ? '' : ` of organization ${org}`;
  const variable = (name: string) => (org === undefined ? name : 'this entry of ZYNTRO_CREDENTIALS');
  if (!isUpstreamReply(results.contact)) {
    const detail = `got a response that is not as documented (${results.contact})`;
    return [failed(`credentials${of}`, detail, connectionAdvice(results.contact))];
  }
  const findings = [
    evaluateEgress(`egress address${of}`, results, sourceOf(upstream, watch)),
    evaluateSecret(`developer secret${of}`, results, variable('ZYNTRO_DEVELOPER_SECRET')),
    evaluateApiKey(`API key${of}`, results, variable('ZYNTRO_API_KEY')),
  ];
  if (org === undefined) return findings;
  // The response format of fetchIdentifiers is undocumented, but it lists the account's organizations.
  if (results.listed !== undefined && !JSON.stringify(results.listed).toLowerCase().includes(org)) {
    const advice = 'check the organization of this entry of ZYNTRO_CREDENTIALS';
    findings.push(
      warned(`credentials${of}`, 'belong to an account that does not list this organization', advice),
    );
  }
  const wrong = findings.filter(({ status }) => status !== 'passed');
  return wrong.length > 0 ? wrong : [passed(`credentials${of}`, 'accepted, from this egress address')];
}

function evaluateEgress(name: string, { contact, identifiers }: PairResults, source: string): Finding {
  if (contact === 'IP_NOT_WHITELISTED' || identifiers === 'IP_NOT_WHITELISTED') {
    return failed(
      name,
      `is not on the developer key's list (IP_NOT_WHITELISTED); ${source}`,
      'add the address that Zyntro sees to the list, or set EGRESS_LOCAL_ADDRESS or EGRESS_PROXY_URL to a listed address',
    );
  }
  if ([contact, identifiers].some((reason) => reason === 'ok' || reason === 'USER_INACTIVE')) {
    return passed(name, "is on the developer key's list");
  }
  return warned(
    name,
    `cannot be checked while the credentials are rejected; ${source}`,
    'fix the credentials first',
  );
}

function evaluateSecret(name: string, { contact, identifiers }: PairResults, variable: string): Finding {
  const reasons = [contact, identifiers];
  if (identifiers === 'ok' && contact === 'INVALID_DEVELOPER_SECRET') {
    return failed(
      name,
      'is valid, but does not belong to the account of the API key (INVALID_DEVELOPER_SECRET)',
      `check that ${variable} and its API key were issued for the same account`,
    );
  }
  if (reasons.includes('INVALID_DEVELOPER_SECRET')) {
    const advice = `check ${variable}; if the secret is lost, revoke the key and issue a new one`;
    return failed(name, 'matches no active key (INVALID_DEVELOPER_SECRET)', advice);
  }
  if (reasons.includes('MISSING_DEVELOPER_SECRET')) {
    return failed(name, 'did not arrive (MISSING_DEVELOPER_SECRET)', `check ${variable}`);
  }
  // The allowlist belongs to a developer key, so IP_NOT_WHITELISTED proves that the key is known.
  if (reasons.some((reason) => ['ok', 'IP_NOT_WHITELISTED', 'USER_INACTIVE'].includes(reason)))
    return passed(name, 'is known to the upstream');
  return warned(name, 'cannot be checked while the API key is rejected', 'fix the API key first');
}

function evaluateApiKey(name: string, { contact }: PairResults, variable: string): Finding {
  if (contact === 'ok') return passed(name, 'is accepted, and its account is active');
  if (contact === 'INVALID_API_KEY') {
    return failed(
      name,
      'matches no active account (INVALID_API_KEY)',
      `check ${variable}: see Me > API & Webhooks`,
    );
  }
  if (contact === 'MISSING_API_KEY')
    return failed(name, 'did not arrive (MISSING_API_KEY)', `check ${variable}`);
  if (contact === 'USER_INACTIVE') {
    return failed(
      name,
      'belongs to a deactivated account (USER_INACTIVE)',
      "ask the organization's admin to activate the account",
    );
  }
  return warned(
    name,
    `cannot be checked while the upstream returns ${contact}`,
    'fix that first, and run the doctor again',
  );
}
