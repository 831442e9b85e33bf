import { isIP } from 'node:net';
import type { ProxySettings } from '../../upstream/transport.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { bareHost } from './hosts.ts';
import { readUserInfo } from './user-info.ts';

/** Returns the CONNECT proxy with credentials for `Proxy-Authorization`; undefined if none is configured. */
export function buildProxy(
  given: URL | undefined,
  localAddress: string | undefined,
  issues: ConfigIssues,
): ProxySettings | undefined {
  if (!given) return undefined;
  if (localAddress !== undefined) {
    issues.add(
      'EGRESS_PROXY_URL',
      'is set, and so is EGRESS_LOCAL_ADDRESS: set the one that owns the fixed address',
    );
  }
  const { username, password } = readUserInfo('EGRESS_PROXY_URL', given, issues);
  // RFC 7617 section 2: the first colon ends the user name.
  if (username?.includes(':')) issues.add('EGRESS_PROXY_URL', 'has a user name that contains a colon');
  const url = new URL(given);
  url.username = '';
  url.password = '';
  if (username === undefined && password === undefined) return { url, authorization: undefined };
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  return { url, authorization: `Basic ${basic}` };
}

/** Checks that source address and upstream have the same IP family. A host name is resolved for it later. */
export function checkSourceFamily(source: string | undefined, upstream: URL, issues: ConfigIssues): void {
  if (source === undefined) return;
  const family = isIP(bareHost(upstream.hostname));
  if (family !== 0 && family !== isIP(source))
    issues.add(
      'EGRESS_LOCAL_ADDRESS',
      `must be an IPv${family} address, as ZYNTRO_BASE_URL is, or ZYNTRO_BASE_URL must have a name`,
    );
}
