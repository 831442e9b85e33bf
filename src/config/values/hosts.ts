import { isIP, SocketAddress } from 'node:net';

/** Returns whether a URL's host name (or a bind address) is a loopback name or address, in any spelling. */
export function isLoopbackHost(host: string): boolean {
  const bare = normalized(bareHost(host));
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Returns the host of a URL without the brackets around an IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Labels of letters, digits, `-` and `_`. A last label of digits would be an IPv4 address in another spelling. */
const HOST_NAME = /^(?=.{1,253}$)(?:[A-Za-z0-9_-]{1,63}\.)*(?!\d+$)[A-Za-z0-9_-]{1,63}$/;

/** Returns whether a text is an IP address or a host name, without a scheme, a port or brackets. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || HOST_NAME.test(text);
}

/** Returns the IPv4 address of an IPv4-mapped one (RFC 4291 section 2.5.5.2); other hosts unchanged. */
export function unmapped(host: string): string {
  if (isIP(host) !== 6 || host.includes('%')) return host;
  return /^::ffff:([\d.]+)$/.exec(canonical(host))?.[1] ?? host;
}

function canonical(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}

const WILDCARDS: readonly (string | undefined)[] = [undefined, '0.0.0.0', '::'];

/** Returns whether two servers on one port collide. A host that is not set is a wildcard address. */
export function isSameHost(one: string | undefined, other: string | undefined): boolean {
  const [first, second] = [one, other].map((host) => host && normalized(host));
  if (first === second || WILDCARDS.includes(first) || WILDCARDS.includes(second)) return true;
  const isLocal = [first, second].includes('localhost');
  return isLocal && isLoopbackHost(first!) && isLoopbackHost(second!);
}

/** Returns the one spelling of a host by which two are compared. */
function normalized(host: string): string {
  const address = unmapped(host);
  return isIP(address) === 6 && !address.includes('%') ? canonical(address) : address.toLowerCase();
}

/** Origins of apps in a WebView, whose schemes `URL` does not know. */
const APP_ORIGIN = /^(?:capacitor|ionic):\/\/[a-z0-9.-]+$/;

/** Returns the serialized origin (RFC 6454); undefined if the text is not exactly an origin. */
export function parseOrigin(text: string): string | undefined {
  if (APP_ORIGIN.test(text)) return text;
  if (!URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  return origin !== 'null' && origin === text.replace(/\/$/, '').toLowerCase() ? origin : undefined;
}
