import { isIP } from 'node:net';
import type { RedisAddress, RedisSettings } from '../redis/redis-settings.ts';
import type { ConfigIssues } from './config-issues.ts';
import { readUserInfo } from './user-info.ts';
import { isRedisHost } from './urls.ts';
import type { Values } from './variables.ts';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** Returns the Redis settings; undefined if Redis is not configured, or if a variable has an issue. */
export function buildRedis(values: Partial<Values>, issues: ConfigIssues): RedisSettings | undefined {
  const { REDIS_URL: url, REDIS_MODE: mode, REDIS_NODES: listed } = values;
  if (mode === undefined) return undefined;
  if (mode === 'standalone') {
    if (listed !== undefined) issues.add('REDIS_NODES', 'needs REDIS_MODE cluster or sentinel');
    if (url === undefined) return undefined;
  }
  const nodes = listed
    ? parseNodes(listed, mode === 'sentinel' ? SENTINEL_PORT : REDIS_PORT, issues)
    : url && mode !== 'sentinel'
      ? [addressOf(url)]
      : [];
  if (nodes.length === 0 && mode === 'cluster')
    issues.add(
      'REDIS_NODES',
      'is required for a Cluster: host:port of some of its nodes, separated by commas',
    );
  if (nodes.length === 0 && mode === 'sentinel')
    issues.add('REDIS_NODES', 'is required for Sentinel: host:port of the Sentinels, separated by commas');
  if (mode === 'sentinel' && values.REDIS_SENTINEL_NAME === undefined)
    issues.add('REDIS_SENTINEL_NAME', 'is required for Sentinel: the name of the master that they watch');
  if (url?.password && values.REDIS_PASSWORD !== undefined)
    issues.add('REDIS_PASSWORD', 'is set, and so is a password in REDIS_URL: set one of them');
  const { username, password } = readUserInfo('REDIS_URL', url, issues);
  const timeoutMs = values.REDIS_TIMEOUT_MS;
  if (timeoutMs === undefined) return undefined;
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
    timeoutMs,
    tls: url?.protocol === 'rediss:',
    certificateNames: namesAmong([...(url ? [addressOf(url)] : []), ...nodes]),
  };
}

/** Returns whether a URL consists of a host and an optional port other than 0. */
function isPlainAddress({ hostname, port, pathname, search, hash }: URL): boolean {
  return isRedisHost(hostname) && port !== '0' && /^\/?$/.test(pathname) && !search && !hash;
}

function namesAmong(addresses: readonly RedisAddress[]): string[] {
  return [...new Set(addresses.map(({ host }) => host).filter((host) => isIP(host) === 0))];
}

function addressOf(url: URL): RedisAddress {
  return { host: bareHost(url.hostname), port: Number(url.port || REDIS_PORT) };
}

function parseNodes(listed: readonly string[], defaultPort: number, issues: ConfigIssues): RedisAddress[] {
  const nodes: RedisAddress[] = [];
  for (const [index, item] of listed.entries()) {
    const text = `redis://${item}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    // Numbers the entry instead of quoting it: if it is a URL, it can hold a password.
    if (!url || !isPlainAddress(url) || url.username || url.password)
      issues.add('REDIS_NODES', `entry ${index + 1} must be host:port`);
    else nodes.push({ host: bareHost(url.hostname), port: Number(url.port || defaultPort) });
  }
  return nodes;
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
