import { isIP } from 'node:net';

/** Address ranges that Express knows by name. */
const RANGES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);
const MAX_HOPS = 16;

/** Parses Express's `trust proxy`: a number of hops, or addresses and ranges. `true` is not supported. */
export function parseTrustProxy(text: string): number | readonly string[] | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= MAX_HOPS ? Number(text) : undefined;
  const items = text.split(',').map((item) => item.trim());
  return items.every((item) => RANGES.has(item) || isRange(item)) ? items : undefined;
}

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  // proxy-addr accepts neither a zone nor a prefix length of 0, nor an IPv4 address in any IPv6 address but a mapped one.
  if (family === 6 && address.includes('.') && !/^::ffff:/i.test(address)) return false;
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128);
}
