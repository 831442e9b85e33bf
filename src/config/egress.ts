import { isIP } from 'node:net';
import type { ProxySettings } from '../upstream/transport.ts';
import type { ConfigIssues } from './config-issues.ts';
import { readUserInfo } from './user-info.ts';
import type { Values } from './variables.ts';

/** The CONNECT proxy, its credentials encoded for `Proxy-Authorization`; undefined when none is configured. */
export function buildProxy(values: Partial<Values>, faults: ConfigIssues): ProxySettings | undefined {
  const given = values.EGRESS_PROXY_URL;
  if (!given) return undefined;
  if (values.EGRESS_LOCAL_ADDRESS !== undefined) {
    faults.add(
      'EGRESS_PROXY_URL',
      'is set, and so is EGRESS_LOCAL_ADDRESS: set the one that owns the fixed address',
    );
  }
  const { username, password } = readUserInfo('EGRESS_PROXY_URL', given, faults);
  // RFC 7617 section 2: the first colon ends the user name.
  if (username?.includes(':')) faults.add('EGRESS_PROXY_URL', 'has a user name with a colon in it');
  const url = new URL(given);
  url.username = '';
  url.password = '';
  if (username === undefined && password === undefined) return { url, authorization: undefined };
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  return { url, authorization: `Basic ${basic}` };
}

/** A source address cannot reach an address of the other family. A name is resolved for the family later. */
export function checkSourceFamily(values: Partial<Values>, faults: ConfigIssues): void {
  const { EGRESS_LOCAL_ADDRESS: source, ZYNTRO_BASE_URL: upstream } = values;
  if (source === undefined || upstream === undefined) return;
  const family = isIP(upstream.hostname.replace(/^\[|\]$/g, ''));
  if (family !== 0 && family !== isIP(source))
    faults.add(
      'EGRESS_LOCAL_ADDRESS',
      `must be an IPv${family} address, as ZYNTRO_BASE_URL is, or ZYNTRO_BASE_URL must have a name`,
    );
}
