import { isIP } from 'node:net';
import { z } from 'zod';
import resilience from '../../config/resilience.json' with { type: 'json' };
import type { ConfigIssues } from './config-issues.ts';
import type { ProcessValues } from './process.ts';
import { settingsFile } from './settings-file.ts';
import { count, credential, text, whole } from './values/checks.ts';
import { buildCredentials } from './values/credentials.ts';
import { buildProxy, checkSourceFamily } from './values/egress.ts';
import { unmapped } from './values/hosts.ts';
import { baseUrl, proxyUrl } from './values/urls.ts';
import { variable, type Values } from './variable.ts';

const timezone = text.refine(isTimezone, {
  error: 'must be a time zone of the IANA database, such as Europe/Berlin',
});

const localAddress = text
  .refine((value) => isIP(value) !== 0, { error: 'must be an IP address of this machine' })
  .transform(unmapped);

const variables = {
  ZYNTRO_BASE_URL: variable('the upstream; https unless its host is a loopback address', baseUrl, {
    default: new URL('https://app.zyntrohq.com'),
  }),
  ZYNTRO_API_KEY: variable('the upstream’s API key', credential, { secret: true, essential: true }),
  ZYNTRO_DEVELOPER_SECRET: variable('the upstream’s developer secret', credential, {
    secret: true,
    essential: true,
  }),
  ZYNTRO_CREDENTIALS: variable(
    'JSON, organization id to `{ "apiKey", "developerSecret" }`, instead of the pair above',
    text,
    { kind: 'lines', secret: true },
  ),
  ZYNTRO_TIMEZONE: variable('time zone of the upstream’s times', timezone, { default: 'UTC' }),
  EGRESS_LOCAL_ADDRESS: variable('source address of upstream calls, on this machine', localAddress, {
    essential: true,
  }),
  EGRESS_PROXY_URL: variable('HTTP CONNECT proxy that owns the fixed address', proxyUrl, {
    secret: true,
    essential: true,
  }),
  UPSTREAM_CONNECT_TIMEOUT_MS: variable('time limit for connecting', whole(1, 60_000), { default: 1000 }),
  UPSTREAM_TIMEOUT_MS: variable(
    'time limit of a whole call, including queueing and a retry',
    whole(1, 120_000),
    { default: 5000 },
  ),
  UPSTREAM_MAX_RESPONSE_BYTES: variable(
    'maximum size of a response; larger ones are rejected',
    whole(1024, 268_435_456),
    { default: 2 * 1024 * 1024 },
  ),
  UPSTREAM_MAX_CONCURRENCY: variable('maximum number of concurrent calls', whole(1, 10_000), { default: 32 }),
  UPSTREAM_MAX_RPS: variable('maximum number of calls per second; unlimited if not set', whole(1, 100_000)),
};

export type UpstreamValues = Values<typeof variables>;

const ms = count(600_000);
const FILE = settingsFile(
  'config/resilience.json',
  'retry, circuit breaker, and the pauses after rejected credentials',
  z.strictObject({
    maxQueue: count(100_000),
    retry: z.strictObject({
      maxDelayMs: ms,
      ratio: z.number().min(0).max(1),
      reserve: z.number().min(0).max(1000),
    }),
    breaker: z.strictObject({
      window: count(10_000),
      minFailures: count(10_000),
      timeoutWeight: count(1000),
      failureRate: z.number().gt(0).max(1),
      openMs: ms,
      maxOpenMs: ms,
    }),
    credentialHold: z.strictObject({ afterRefusals: count(10_000), holdMs: ms, maxHoldMs: ms }),
  }),
  resilience,
);

function build(values: UpstreamValues & Pick<ProcessValues, 'WEB_CONCURRENCY'>, issues: ConfigIssues) {
  const processes = values.WEB_CONCURRENCY;
  checkBudget(values, processes, issues);
  checkSourceFamily(values.EGRESS_LOCAL_ADDRESS, values.ZYNTRO_BASE_URL, issues);
  const credentials = buildCredentials(
    {
      apiKey: values.ZYNTRO_API_KEY,
      developerSecret: values.ZYNTRO_DEVELOPER_SECRET,
      byOrg: values.ZYNTRO_CREDENTIALS,
    },
    issues,
  );
  const proxy = buildProxy(values.EGRESS_PROXY_URL, values.EGRESS_LOCAL_ADDRESS, issues);
  const file = FILE.read(issues);
  if (file && file.breaker.minFailures > file.breaker.window * file.breaker.timeoutWeight)
    issues.add(
      'config/resilience.json',
      'breaker.minFailures must not be more than breaker.window times breaker.timeoutWeight, or the breaker never opens',
    );
  return (
    file &&
    credentials && {
      upstream: {
        baseUrl: values.ZYNTRO_BASE_URL,
        credentials,
        localAddress: values.EGRESS_LOCAL_ADDRESS,
        proxy,
        connectTimeoutMs: values.UPSTREAM_CONNECT_TIMEOUT_MS,
        maxResponseBytes: values.UPSTREAM_MAX_RESPONSE_BYTES,
      },
      resilience: {
        ...file,
        timeoutMs: values.UPSTREAM_TIMEOUT_MS,
        maxConcurrency: Math.floor(values.UPSTREAM_MAX_CONCURRENCY / processes),
        maxPerSecond: values.UPSTREAM_MAX_RPS && Math.floor(values.UPSTREAM_MAX_RPS / processes),
      },
      shape: { timezone: values.ZYNTRO_TIMEZONE },
    }
  );
}

/** Checks that each process gets a part of the budget. */
function checkBudget(
  { UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS }: UpstreamValues,
  processes: number,
  issues: ConfigIssues,
): void {
  for (const [name, budget] of Object.entries({ UPSTREAM_MAX_CONCURRENCY, UPSTREAM_MAX_RPS }))
    if (budget !== undefined && budget < processes && !issues.hasAny(name))
      issues.add('WEB_CONCURRENCY', `must not be more than ${name}, because each process gets a part of it`);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}

export const upstreamSlice = {
  title: 'Upstream',
  introduction:
    'The upstream, its credentials, the fixed address that its calls come from, and the budget of calls. With several workers, each has an equal share of the budget.',
  prefixes: ['ZYNTRO_', 'EGRESS_', 'UPSTREAM_'],
  variables,
  files: [FILE],
  build,
};
