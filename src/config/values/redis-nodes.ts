import { isIP } from 'node:net';
import type { RedisAddress } from '../../redis/redis-settings.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { bareHost } from './hosts.ts';
import { isRedisHost } from './urls.ts';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

export const addressOf = (url: URL): RedisAddress => nodeOf(url, REDIS_PORT);

function nodeOf({ hostname, port }: URL, defaultPort: number): RedisAddress {
  return { host: bareHost(hostname), port: Number(port || defaultPort) };
}

/** Returns the host names among the addresses, each once. */
export function namesAmong(addresses: readonly RedisAddress[]): string[] {
  return [...new Set(addresses.map(({ host }) => host).filter((host) => isIP(host) === 0))];
}

/** Parses the items of `REDIS_NODES`. */
export function parseNodes(
  listed: readonly string[],
  kind: 'cluster' | 'sentinel',
  issues: ConfigIssues,
): RedisAddress[] {
  const nodes: RedisAddress[] = [];
  for (const [index, item] of listed.entries()) {
    const text = `redis://${item}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    // Numbers the entry instead of quoting it: if it is a URL, it can hold a password.
    if (!url || !isPlainAddress(url) || url.username || url.password)
      issues.add('REDIS_NODES', `entry ${index + 1} must be host:port`);
    else nodes.push(nodeOf(url, kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT));
  }
  return nodes;
}

/** Returns whether a URL consists of a host and an optional port other than 0. */
function isPlainAddress({ hostname, port, pathname, search, hash }: URL): boolean {
  return isRedisHost(hostname) && port !== '0' && /^\/?$/.test(pathname) && !search && !hash;
}
