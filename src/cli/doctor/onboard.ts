import { ConfigIssues } from '../../config/config-issues.ts';
import { readVariables, type Environment } from '../../config/environment.ts';
import type { Config } from '../../config/index.ts';
import { upstreamSlice } from '../../config/upstream.ts';
import { installResolver } from '../../dns/install.ts';
import type { Json } from '../../lib/json.ts';
import { createSend } from '../../upstream/client.ts';
import { fetchIdentifiers } from '../../upstream/operations/fetch-identifiers.ts';
import { createTransport } from '../../upstream/transport.ts';
import { MAX_CALL_MS, now } from './check-upstream.ts';
import { evaluateConnection } from './evaluate-connection.ts';
import { evaluatePair } from './evaluate-pair.ts';
import { failed, inTime, quoted, type Finding } from './finding.ts';
import { reasonOf } from './reason-of.ts';
import { readIdentifiers, type Identifiers, type Named } from './read-identifiers.ts';
import { UNUSED_ID } from './unused-id.ts';
import { watchHttp } from './watch-http.ts';

type UpstreamConfig = Pick<Config, 'upstream' | 'resilience'>;

const ONBOARD_MS = 30_000;
/** Stands in for the API key, which fetchIdentifiers does not take. */
const NO_API_KEY = 'not-used';

/**
 * Loads the configuration of the upstream with ZYNTRO_DEVELOPER_SECRET alone. Other credentials are ignored.
 *
 * @throws ConfigError with all issues.
 */
export function loadOnboardConfig(env: Environment): UpstreamConfig {
  const issues = new ConfigIssues();
  const values = readVariables(
    upstreamSlice.variables,
    {
      ...env,
      ZYNTRO_API_KEY: NO_API_KEY,
      ZYNTRO_API_KEY_FILE: undefined,
      ZYNTRO_CREDENTIALS: undefined,
      ZYNTRO_CREDENTIALS_FILE: undefined,
    },
    issues,
  );
  if (values.ZYNTRO_DEVELOPER_SECRET === undefined)
    issues.addMissing('ZYNTRO_DEVELOPER_SECRET', 'is required for --onboard');
  return issues.resolve(upstreamSlice.build({ ...values, WEB_CONCURRENCY: 1 }, issues));
}

/** Returns the account's identifiers as lines for `.env`, or the findings if the call failed. */
export async function onboard({
  upstream,
  resilience,
}: UpstreamConfig): Promise<{ readonly lines: string } | { readonly findings: readonly Finding[] }> {
  installResolver();
  const watch = watchHttp(Date.now);
  let listed: Json = null;
  const findings = await inTime('upstream', ONBOARD_MS, async (signal) => {
    const transport = createTransport(upstream);
    const { credentials } = upstream.credentials as Extract<typeof upstream.credentials, { kind: 'one' }>;
    const send = createSend({ ...upstream, transport, now });
    const deadline = now() + Math.min(resilience.timeoutMs, MAX_CALL_MS);
    const callOptions = { credentials, signal, deadline, priority: 'caller' } as const;
    try {
      const reason = await reasonOf(async () => {
        listed = await send(fetchIdentifiers, { org: UNUSED_ID }, callOptions);
      });
      if (reason === 'ok') return [];
      const connection = evaluateConnection(upstream, watch, reason);
      if (connection.status === 'failed') return [connection];
      const results = { contact: reason, identifiers: reason, listed: undefined };
      return evaluatePair({ org: undefined, credentials }, results, upstream, watch).filter(
        ({ status }) => status === 'failed',
      );
    } finally {
      await transport.close();
    }
  });
  watch.close();
  if (findings.length > 0) return { findings };
  const identifiers = readIdentifiers(listed);
  return identifiers.organizations.length > 0 ? { lines: linesOf(identifiers) } : { findings: [UNREADABLE] };
}

const UNREADABLE = failed(
  'upstream',
  'lists the identifiers in an unknown form, without organizations',
  'copy the ids from Zyntro, and report it together with the version of zyntro-bff',
);

/** Formats the identifiers so that a file of variables can hold every line. Names are untrusted. */
function linesOf({ organizations, members, brands }: Identifiers): string {
  const lines = [
    '# ZYNTRO_API_KEY is secret, so it is not printed: copy it from Me > API & Webhooks in Zyntro.',
    '# Tokens name an organization and a member (org_id and member_id):',
    ...organizations.flatMap((org) => [
      `# organization ${described(org)}`,
      ...org.members.map((member) => `#   member ${described(member)}`),
    ]),
    ...members.map((member) => `# member ${described(member)}`),
  ];
  if (brands.length > 0) lines.push('# The brand whose members GET /members lists:');
  if (brands.length > 1) lines.push('# (The account has several: remove the # of one line.)');
  for (const brand of brands)
    lines.push(`# brand ${described(brand)}`, `${brands.length > 1 ? '# ' : ''}ZYNTRO_BRAND_ID=${brand.id}`);
  return `${lines.join('\n')}\n`;
}

function described({ id, name }: Named): string {
  return name === undefined ? id : `${id} ${quoted(name)}`;
}
