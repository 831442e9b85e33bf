import type { Config } from '../../config/load-config.ts';
import type { Json } from '../../lib/json.ts';
import type { UpstreamCredentials } from '../../upstream/credentials.ts';
import { connectionAdvice } from './connection-advice.ts';
import { failed, passed, warned, type Finding } from './finding.ts';
import { isAnswer, sourceOf } from './judge-connection.ts';
import type { HttpWatch } from './watch-http.ts';

export interface Pair {
  /** Undefined where one pair serves every organization. */
  readonly org: string | undefined;
  readonly credentials: UpstreamCredentials;
}

/** How the upstream answered a pair: `ok`, or the reason of the failure. */
export interface PairAnswers {
  readonly contact: string;
  readonly identifiers: string;
  /** What fetchIdentifiers listed; it holds an API key, and is never shown. */
  readonly listed: Json | undefined;
}

/** What two answers together say of the egress address, the developer secret and the API key of one pair. */
export function judgePair(
  { org }: Pair,
  answers: PairAnswers,
  upstream: Config['upstream'],
  watch: HttpWatch,
): Finding[] {
  const of = org === undefined ? '' : ` of organization ${org}`;
  const variable = (name: string) => (org === undefined ? name : 'this entry of ZYNTRO_CREDENTIALS');
  if (!isAnswer(answers.contact)) {
    const detail = `were not answered as documented (${answers.contact})`;
    return [failed(`credentials${of}`, detail, connectionAdvice(answers.contact))];
  }
  const findings = [
    judgeEgress(`egress address${of}`, answers, sourceOf(upstream, watch)),
    judgeSecret(`developer secret${of}`, answers, variable('ZYNTRO_DEVELOPER_SECRET')),
    judgeApiKey(`API key${of}`, answers, variable('ZYNTRO_API_KEY')),
  ];
  if (org === undefined) return findings;
  // fetchIdentifiers' form is not documented, but it lists the account's organizations.
  if (answers.listed !== undefined && !JSON.stringify(answers.listed).toLowerCase().includes(org)) {
    const advice = 'check which organization this entry of ZYNTRO_CREDENTIALS is for';
    findings.push(warned(`credentials${of}`, 'are of an account that does not list it', advice));
  }
  const wrong = findings.filter(({ status }) => status !== 'passed');
  return wrong.length > 0 ? wrong : [passed(`credentials${of}`, 'accepted, from this egress address')];
}

function judgeEgress(name: string, { contact, identifiers }: PairAnswers, source: string): Finding {
  if (contact === 'IP_NOT_WHITELISTED' || identifiers === 'IP_NOT_WHITELISTED') {
    return failed(
      name,
      `is not on the developer key's list (IP_NOT_WHITELISTED); ${source}`,
      'have the address that Zyntro sees added to the list, or set EGRESS_LOCAL_ADDRESS or EGRESS_PROXY_URL to one that is on it',
    );
  }
  if ([contact, identifiers].some((reason) => reason === 'ok' || reason === 'USER_INACTIVE')) {
    return passed(name, "is on the developer key's list");
  }
  return warned(name, `cannot be judged while the credentials are refused; ${source}`, 'mend those first');
}

function judgeSecret(name: string, { contact, identifiers }: PairAnswers, variable: string): Finding {
  const reasons = [contact, identifiers];
  if (identifiers === 'ok' && contact === 'INVALID_DEVELOPER_SECRET') {
    return failed(
      name,
      'is good, but does not belong to the account of the API key (INVALID_DEVELOPER_SECRET)',
      `check that ${variable} and its API key were issued for the same account`,
    );
  }
  if (reasons.includes('INVALID_DEVELOPER_SECRET')) {
    const advice = `check ${variable}; where it is lost, have the key revoked and issued again`;
    return failed(name, 'matches no active key (INVALID_DEVELOPER_SECRET)', advice);
  }
  if (reasons.includes('MISSING_DEVELOPER_SECRET')) {
    return failed(name, 'did not arrive (MISSING_DEVELOPER_SECRET)', `check ${variable}`);
  }
  // A list of addresses is a key's: whoever is not on it was refused by a key that is known.
  if (reasons.some((reason) => ['ok', 'IP_NOT_WHITELISTED', 'USER_INACTIVE'].includes(reason)))
    return passed(name, 'is known to the upstream');
  return warned(name, 'cannot be judged while the API key is refused', 'mend that first');
}

function judgeApiKey(name: string, { contact }: PairAnswers, variable: string): Finding {
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
      'is of an account that has been deactivated (USER_INACTIVE)',
      "ask the organization's admin to activate the account",
    );
  }
  return warned(
    name,
    `cannot be judged while the upstream answers ${contact}`,
    'mend that first, and run this again',
  );
}
