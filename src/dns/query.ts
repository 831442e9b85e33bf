import { promises as dns } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LookupError, type Address, type Family, type Query } from './resolver.ts';
import { addressesInHosts, candidates, parseSearchList, readSystemFile } from './system-files.ts';

/** The first wait for each name server; c-ares doubles it in each round. */
const TRY_MS = 300;
const TRIES = 4;
/** How much longer to wait for the addresses of one family when those of the other are there (RFC 8305 section 3). */
const OTHER_FAMILY_MS = 150;

/** What getaddrinfo knows of a name. Takes a thread of libuv's pool for as long as it lasts. */
export type SystemLookup = (name: string) => Promise<readonly Address[]>;

/**
 * Creates a query by c-ares, the hosts file and the search list of resolv.conf, as getaddrinfo uses them.
 *
 * getaddrinfo itself runs on libuv's pool, on two of four threads at a time. It cannot be cancelled, takes
 * 10 s and more if a name server is silent, and the exit of the process waits for it: two silent names delay
 * every other name. c-ares takes no thread, and each look-up has its own channel, which is cancelled with it
 * and reads the present resolv.conf. Only a name that name servers do not know goes to getaddrinfo, which
 * may find it elsewhere (mDNS, NIS); one at a time, so that one thread at most is in use.
 */
export function createQuery(systemLookup: SystemLookup): Query {
  let turn: Promise<unknown> = Promise.resolve();

  async function askSystem(name: string, denial: LookupError, signal: AbortSignal) {
    if (signal.aborted) throw denial;
    const before = turn.catch(() => {});
    const found = before.then(() => {
      if (signal.aborted) throw denial;
      return systemLookup(name);
    });
    turn = found;
    try {
      return await Promise.race([found, aborted(signal)]);
    } catch {
      throw denial;
    }
  }

  return async function query(name, family, signal) {
    const listed = ofFamily(addressesInHosts(readSystemFile('/etc/hosts'), name), family);
    if (listed.length > 0) return inOrder(listed);
    for (const candidate of candidates(name, parseSearchList(readSystemFile('/etc/resolv.conf')))) {
      const found = await askNameServers(candidate, family, signal);
      if (found.length > 0) return wanted(found, name, family);
    }
    return wanted(await askSystem(name, new LookupError('ENOTFOUND', name), signal), name, family);
  };
}

/** Addresses of either family if there are any; none if name servers deny the name. @throws LookupError. */
async function askNameServers(name: string, family: Family, signal: AbortSignal): Promise<Address[]> {
  const resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const four = settle(resolver.resolve4(name), 4);
    const six = settle(resolver.resolve6(name), 6);
    const both = Promise.all([four, six]);
    const one =
      family === 6 ? six : family === 4 ? four : Promise.race([withAddresses(four), withAddresses(six)]);
    const first = await Promise.race([one, both.then(([a, b]) => (isEmpty(a) ? b : a))]);
    if (family !== 0 && !isEmpty(first)) return [...first.addresses];
    const answers = isEmpty(first)
      ? await both
      : await Promise.race([both, sleep(OTHER_FAMILY_MS, [first], { ref: false })]);
    const addresses = answers.flatMap((answer) => answer.addresses);
    const silent = answers.find((answer) => answer.failure !== undefined);
    // Without an answer for the family that is wanted, nobody can say that it has no address.
    if (silent && ofFamily(addresses, family).length === 0)
      throw new LookupError('EAI_AGAIN', name, silent.failure);
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
    resolver.cancel();
  }
}

interface Answer {
  readonly addresses: readonly Address[];
  /** The reason why there is no answer; undefined if name servers answered, a denial included. */
  readonly failure: unknown;
}

/** Denials; and ECONNREFUSED, which means that this machine has no name server at all. */
const DENIALS = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'ECONNREFUSED']);

async function settle(records: Promise<string[]>, family: 4 | 6): Promise<Answer> {
  try {
    return { addresses: (await records).map((address) => ({ address, family })), failure: undefined };
  } catch (error) {
    const denied = DENIALS.has((error as NodeJS.ErrnoException).code ?? '');
    return { addresses: [], failure: denied ? undefined : error };
  }
}

function isEmpty({ addresses }: Answer): boolean {
  return addresses.length === 0;
}

/** Never settles without addresses. */
function withAddresses(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve) => {
    void answer.then((settled) => {
      if (!isEmpty(settled)) resolve(settled);
    });
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

function ofFamily(addresses: readonly Address[], family: Family): Address[] {
  return addresses.filter((one) => family === 0 || one.family === family);
}

function wanted(found: readonly Address[], name: string, family: Family): Address[] {
  const addresses = ofFamily(found, family);
  if (addresses.length === 0) throw new LookupError('EAI_ADDRFAMILY', name);
  return inOrder(addresses);
}

/** IPv6 first if this machine can use it, as RFC 6724 orders them; a connection tries the others in turn. */
function inOrder(addresses: readonly Address[]): Address[] {
  const own = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const hasLoopback = own.some(({ address }) => address === '::1');
  // Link-local (fe80::/10) and unique local addresses (fc00::/7) lead to few places.
  const hasGlobal = own.some(
    ({ address, internal, family }) => family === 'IPv6' && !internal && !/^f[cde]/i.test(address),
  );
  const usable = ({ address, family }: Address) =>
    family === 4 || (address === '::1' ? hasLoopback : hasGlobal);
  const rank = (one: Address) => (one.family === 4 ? 1 : usable(one) ? 0 : 2);
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}
