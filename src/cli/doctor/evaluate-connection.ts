import { isIP } from 'node:net';
import type { Config } from '../../config/index.ts';
import { connectionAdvice } from './connection-advice.ts';
import { failed, passed, quoted, type Finding } from './finding.ts';
import type { HttpWatch } from './watch-http.ts';

const CHECK = 'upstream connection';
/** The results that only a reply of the upstream itself can have. */
const REPLIES = /^(ok|(MISSING|INVALID)_(API_KEY|DEVELOPER_SECRET)|USER_INACTIVE|IP_NOT_WHITELISTED)$/;

export function isUpstreamReply(reason: string): boolean {
  return REPLIES.test(reason);
}

/** Reports the source address of upstream calls, or the step of the connection that failed. */
export function evaluateConnection(upstream: Config['upstream'], watch: HttpWatch, reason: string): Finding {
  const { origin, host } = upstream.baseUrl;
  if (isUpstreamReply(reason))
    return passed(CHECK, `${quoted(origin)} responds; ${sourceOf(upstream, watch)}`);
  const { proxy } = upstream;
  if (proxy && !watch.hasReached(proxy.url.host)) {
    const detail = `the proxy of EGRESS_PROXY_URL at ${quoted(proxy.url.host)} is unreachable (${reason})`;
    return failed(CHECK, detail, connectionAdvice(reason));
  }
  if (proxy && !watch.tunnelled) {
    const detail = `the proxy at ${quoted(proxy.url.host)} did not open a tunnel to ${quoted(host)} (${reason})`;
    return failed(
      CHECK,
      detail,
      'check the access rules of the proxy, and the user and password in EGRESS_PROXY_URL',
    );
  }
  const responded = /^HTTP_|^(NOT_JSON|NOT_THE_ENVELOPE|UNKNOWN_MESSAGE|TOO_LARGE|TRUNCATED)/.test(reason);
  const problem = responded ? 'does not respond as documented' : 'is unreachable';
  return failed(
    CHECK,
    `${quoted(origin)} ${problem} (${reason})`,
    `ZYNTRO_BASE_URL: ${connectionAdvice(reason)}`,
  );
}

/** Describes the source address of calls, as seen from this machine. */
export function sourceOf({ baseUrl, proxy }: Config['upstream'], watch: HttpWatch): string {
  const address = watch.sourceAddressOf(baseUrl.origin);
  if (proxy) return `calls leave through the proxy at ${quoted(proxy.url.host)}, from its address`;
  if (address === undefined) return 'calls leave from an unknown address';
  return isPrivate(address)
    ? `calls leave this machine from ${address}, a private address: a gateway may show another one outside`
    : `calls leave from ${address}`;
}

/** RFC 1918, RFC 6598 and RFC 4193. */
function isPrivate(address: string): boolean {
  const bare = address.replace(/^::ffff:/, '');
  return isIP(bare) === 4
    ? /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[789]\d|1[01]\d|12[0-7])\.)/.test(bare)
    : /^f[cd]/i.test(bare);
}
