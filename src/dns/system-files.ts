import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Address } from './resolver.ts';

const MAX_NDOTS = 15;
const MAX_SEARCH_DOMAINS = 16;

export interface SearchList {
  readonly domains: readonly string[];
  /** The search domains are tried first for a name with fewer dots. */
  readonly ndots: number;
}

/** Returns the addresses of a name in the text of a hosts file (hosts(5)), in its order. */
export function addressesInHosts(text: string, name: string): Address[] {
  const wanted = name.replace(/\.$/, '').toLowerCase();
  // A long file without the name is searched once, and not parsed.
  if (!text.toLowerCase().includes(wanted)) return [];
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.some((one) => one.toLowerCase() === wanted)
      ? [{ address, family: family as 4 | 6 }]
      : [];
  });
}

/** Parses the search list of resolv.conf(5): the last `search` or `domain` line applies. */
export function parseSearchList(text: string): SearchList {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = values.slice(0, MAX_SEARCH_DOMAINS);
    if (keyword !== 'options') continue;
    const found = values.findLast((value) => /^ndots:\d{1,4}$/.test(value));
    if (found) ndots = Math.min(Number(found.slice('ndots:'.length)), MAX_NDOTS);
  }
  return { domains: domains.map((domain) => domain.replace(/\.$/, '')).filter(Boolean), ndots };
}

/** Returns the absolute names to query, in order (resolv.conf(5), `ndots`). */
export function candidates(name: string, { domains, ndots }: SearchList): string[] {
  if (name.endsWith('.')) return [name];
  const completed = domains.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}

/** Returns the file's text, or an empty string if it cannot be read. */
export function readSystemFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
