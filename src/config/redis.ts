import type { RedisAddress, RedisSettings } from '../redis/redis-settings.ts';
import type { ConfigIssues } from './config-issues.ts';
import type { ProcessValues } from './process.ts';
import { oneOf, someOf, text, whole } from './values/checks.ts';
import { addressOf, namesAmong, parseNodes } from './values/redis-nodes.ts';
import { redisUrl } from './values/urls.ts';
import { readUserInfo } from './values/user-info.ts';
import { variable, type Values } from './variable.ts';

const variables = {
  REDIS_URL: variable('`redis://` or `rediss://[user:password@]host[:port][/db]`', redisUrl, {
    secret: true,
    essential: true,
    otherNames: ['REDIS_HOST', 'REDIS_DB', 'REDIS_TLS'],
  }),
  REDIS_MODE: variable(
    '`standalone`, `cluster` or `sentinel`',
    oneOf(['standalone', 'cluster', 'sentinel']),
    { default: 'standalone' },
  ),
  REDIS_NODES: variable('host:port of Cluster nodes or Sentinels, separated by commas', someOf, {
    kind: 'lines',
    otherNames: ['REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'],
  }),
  REDIS_SENTINEL_NAME: variable('name of the master that the Sentinels watch', text, {
    otherNames: ['REDIS_SENTINEL_MASTER'],
  }),
  REDIS_USERNAME: variable('ACL user if it is not in `REDIS_URL`', text, { otherNames: ['REDIS_USER'] }),
  REDIS_PASSWORD: variable('password if it is not in `REDIS_URL`', text, {
    kind: 'literal',
    secret: true,
    otherNames: ['REDIS_PASS'],
  }),
  REDIS_SENTINEL_PASSWORD: variable('password of the Sentinels', text, { kind: 'literal', secret: true }),
  REDIS_TIMEOUT_MS: variable(
    'maximum time that a request waits for Redis before it continues without it',
    whole(10, 10_000),
    { default: 80 },
  ),
};

type RedisValues = Values<typeof variables>;

function build(values: RedisValues & Pick<ProcessValues, 'WEB_CONCURRENCY'>, issues: ConfigIssues) {
  const isAbsent = values.REDIS_URL === undefined && values.REDIS_NODES === undefined;
  if (values.WEB_CONCURRENCY > 1 && isAbsent && !issues.hasAny('REDIS_URL', 'REDIS_NODES'))
    issues.add('WEB_CONCURRENCY', 'above 1 requires Redis to share limits and cache: set REDIS_URL');
  return { redis: issues.has('REDIS_MODE') ? undefined : buildRedis(values, issues) };
}

function buildRedis(values: RedisValues, issues: ConfigIssues): RedisSettings | undefined {
  const { REDIS_URL: url, REDIS_MODE: mode } = values;
  const nodes = nodesOf(values, issues);
  if (!nodes) return undefined;
  if (mode === 'sentinel' && values.REDIS_SENTINEL_NAME === undefined)
    issues.addMissing(
      'REDIS_SENTINEL_NAME',
      'is required for Sentinel: the name of the master that they watch',
    );
  if (url?.password && values.REDIS_PASSWORD !== undefined)
    issues.add('REDIS_PASSWORD', 'is set, and so is a password in REDIS_URL: set one of them');
  const { username, password } = readUserInfo('REDIS_URL', url, issues);
  const db = Number(url?.pathname.slice(1) || 0);
  if (mode === 'cluster' && db !== 0)
    issues.add('REDIS_URL', 'names a database, but a Cluster has only database 0');
  return {
    mode,
    nodes,
    sentinelName: values.REDIS_SENTINEL_NAME,
    username: values.REDIS_USERNAME ?? username,
    password: values.REDIS_PASSWORD ?? password,
    sentinelPassword: values.REDIS_SENTINEL_PASSWORD,
    db,
    timeoutMs: values.REDIS_TIMEOUT_MS,
    tls: url?.protocol === 'rediss:',
    certificateNames: namesAmong([...(url ? [addressOf(url)] : []), ...nodes]),
  };
}

/** Returns the server, the nodes of the Cluster, or the Sentinels; undefined if Redis is not configured. */
function nodesOf(
  { REDIS_URL: url, REDIS_MODE: mode, REDIS_NODES: listed }: RedisValues,
  issues: ConfigIssues,
): RedisAddress[] | undefined {
  if (mode === 'standalone') {
    if (listed !== undefined) issues.add('REDIS_NODES', 'needs REDIS_MODE cluster or sentinel');
    return url && [addressOf(url)];
  }
  if (listed) return parseNodes(listed, mode, issues);
  if (mode === 'cluster' && url) return [addressOf(url)];
  const required = {
    cluster: 'is required for a Cluster: host:port of some of its nodes, separated by commas',
    sentinel: 'is required for Sentinel: host:port of the Sentinels, separated by commas',
  };
  issues.addMissing('REDIS_NODES', required[mode]);
  return [];
}

export const redisSlice = {
  title: 'Redis',
  introduction: 'The store that processes share. Without Redis, everything is in the memory of one process.',
  prefixes: [],
  variables,
  files: [],
  build,
};
