import { isIPv6, SocketAddress } from 'node:net';

/**
 * Returns whether the node at this address and distance is trusted to name the node before it, as Express
 * compiles `trust proxy`.
 */
export type Trust = (address: string, hop: number) => boolean;

/** The maximum number of nodes to examine, more than any real chain of proxies has. */
const MAX_HOPS = 32;
/** The maximum length of a node, more than a quoted IPv6 address in brackets with a zone and a port. */
const MAX_NODE_LENGTH = 100;

/**
 * Returns the address of a client behind trusted proxies, each of which appends its peer's address to
 * `X-Forwarded-For`. Normalizes addresses before it decides on trust. A proxy may write a node that is not an
 * address, such as `unknown`. The nearest known address replaces it, so that arbitrary text does not count as a
 * separate client.
 *
 * @param remote the address of the connection's peer.
 * @param forwardedFor all `X-Forwarded-For` field lines, joined by commas.
 * @returns a normalized address; empty if none of the addresses is known.
 */
export function clientAddress(remote: string | undefined, forwardedFor: string, trust: Trust): string {
  let current = normalizeAddress(remote ?? '');
  let known = current ?? '';
  let end = forwardedFor.length;
  for (let hop = 0; hop < MAX_HOPS && trust(current ?? '', hop); hop += 1) {
    // Empty elements are ignored (RFC 9110 section 5.6.1.2).
    while (end > 0 && isSeparator(forwardedFor.charCodeAt(end - 1))) end -= 1;
    if (end === 0) break;
    const start = forwardedFor.lastIndexOf(',', end - 1) + 1;
    current = normalizeAddress(forwardedFor.slice(start, end).trimStart());
    known = current ?? known;
    end = start;
  }
  return known;
}

/** Returns whether the character is a comma, a space or a tab. */
function isSeparator(code: number): boolean {
  return code === 0x2c || code === 0x20 || code === 0x09;
}

/**
 * Returns the address of a node in canonical form: without quotes, brackets, zone and port, IPv6 as in RFC
 * 5952, and an IPv4-mapped address (RFC 4291 section 2.5.5.2) as IPv4. Parts of an IPv4 address with leading
 * zeros are decimal.
 *
 * @returns undefined if the node is not an address.
 */
export function normalizeAddress(node: string): string | undefined {
  if (node.length > MAX_NODE_LENGTH) return undefined;
  const text = node.length > 1 && node.startsWith('"') && node.endsWith('"') ? node.slice(1, -1) : node;
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(text);
  if (bracketed) return normalized(bracketed[1]!);
  return normalized(text) ?? normalized(text.replace(/(?<!:):\w*$/, ''));
}

function normalized(address: string): string | undefined {
  return normalizedIPv4(address) ?? normalizedIPv6(address);
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function normalizedIPv4(address: string): string | undefined {
  const octets = IPV4.exec(address)?.slice(1).map(Number);
  return octets?.every((octet) => octet <= 255) ? octets.join('.') : undefined;
}

const MAPPED = '::ffff:';

function normalizedIPv6(address: string): string | undefined {
  const [withoutZone] = address.split('%', 1);
  const colon = withoutZone!.lastIndexOf(':') + 1;
  const embedded = normalizedIPv4(withoutZone!.slice(colon));
  const plain = embedded === undefined ? withoutZone! : withoutZone!.slice(0, colon) + embedded;
  if (!isIPv6(plain)) return undefined;
  const canonical = new SocketAddress({ address: plain, family: 'ipv6' }).address;
  return (canonical.startsWith(MAPPED) && normalizedIPv4(canonical.slice(MAPPED.length))) || canonical;
}
