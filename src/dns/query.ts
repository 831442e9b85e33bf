import { promises as dns } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LookupError, type Address, type Family, type Query } from './resolver.ts';
import { addressesInHosts, candidates, parseSearchList, readSystemFile } from './system-files.ts';

/** The first timeout for each name server; c-ares doubles it in each round. */
const TRY_MS = 300;
const TRIES = 4;
/**
 * The additional wait for the addresses of one family when those of the other have arrived (RFC 8305 section
 * 3).
 */
const OTHER_FAMILY_MS = 150;

/** Resolves a name with getaddrinfo, which occupies a thread of libuv's pool until it ends. */
export type SystemLookup = (name: string) => Promise<readonly Address[]>;

/**
 * Creates a query that uses c-ares, the hosts file and the search list of resolv.conf, like getaddrinfo.
 *
 * getaddrinfo itself runs on libuv's pool, on at most two of four threads. It cannot be cancelled, takes 10 s
 * or more if a name server does not respond, and delays the exit of the process: two unanswered names block
 * every other name. c-ares needs no thread. Each look-up has its own channel, which is cancelled with the
 * look-up and reads the current resolv.conf. Only a name that the name servers do not know goes to getaddrinfo,
 * which may find it by other means (mDNS, NIS). These look-ups run one at a time, so they occupy at most one
 * thread.
 */
export function createQuery(systemLookup: SystemLookup): Query {
  let tail: Promise<unknown> = Promise.resolve();

  /** Throws the denial if the system finds nothing either, or EAI_AGAIN if its name servers do not respond. */
  async function querySystem(name: string, denial: LookupError, signal: AbortSignal) {
    if (signal.aborted) throw denial;
    const previous = tail.catch(() => {});
    const found = previous.then(() => {
      if (signal.aborted) throw denial;
      return systemLookup(name);
    });
    tail = found;
    try {
      return await Promise.race([found, aborted(signal)]);
    } catch (error) {
      throw codeOf(error) === 'EAI_AGAIN' ? new LookupError('EAI_AGAIN', name, error) : denial;
    }
  }

  return async function query(name, family, signal) {
    const listed = ofFamily(addressesInHosts(readSystemFile('/etc/hosts'), name), family);
    if (listed.length > 0) return inOrder(listed);
    let failure: LookupError | undefined;
    for (const candidate of candidates(name, parseSearchList(readSystemFile('/etc/resolv.conf')))) {
      try {
        const found = await queryNameServers(candidate, family, signal);
        if (found.length > 0) return wanted(found, name, family);
      } catch (error) {
        // A domain of the search list whose name servers fail must not hide the others.
        if (!(error instanceof LookupError) || !SERVER_FAILURES.has(codeOf(error.cause))) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return wanted(await querySystem(name, new LookupError('ENOTFOUND', name), signal), name, family);
  };
}

/**
 * Returns the addresses of either family; an empty list if name servers deny the name. @throws LookupError if
 * they do not respond.
 */
async function queryNameServers(name: string, family: Family, signal: AbortSignal): Promise<Address[]> {
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
    // Without an address that this machine can reach, the response for the other family is worth the wait.
    const results = !first.addresses.some(usableHere())
      ? await both
      : await Promise.race([both, sleep(OTHER_FAMILY_MS, [first], { ref: false })]);
    const addresses = results.flatMap((result) => result.addresses);
    const failed = results.find((result) => result.failure !== undefined);
    // If the query for the requested family failed, the name may still have a usable address of that family.
    if (failed && !ofFamily(addresses, family).some(usableHere()))
      throw new LookupError('EAI_AGAIN', name, failed.failure);
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
    resolver.cancel();
  }
}

interface FamilyResult {
  readonly addresses: readonly Address[];
  /** The reason for a missing response; undefined if name servers responded, a denial included. */
  readonly failure: unknown;
}

/** Codes of denials, and ECONNREFUSED, which means that this machine has no name server. */
const DENIALS = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'ECONNREFUSED']);
/** Codes of responses that say that the name server failed. */
const SERVER_FAILURES = new Set(['ESERVFAIL', 'EREFUSED']);

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? '';

async function settle(records: Promise<string[]>, family: 4 | 6): Promise<FamilyResult> {
  try {
    return { addresses: (await records).map((address) => ({ address, family })), failure: undefined };
  } catch (error) {
    const denied = DENIALS.has(codeOf(error));
    return { addresses: [], failure: denied ? undefined : error };
  }
}

function isEmpty({ addresses }: FamilyResult): boolean {
  return addresses.length === 0;
}

/** Resolves when the response has addresses; otherwise never settles. */
function withAddresses(result: Promise<FamilyResult>): Promise<FamilyResult> {
  return new Promise((resolve) => {
    void result.then((settled) => {
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

/**
 * Orders addresses as in RFC 6724: IPv6 first if this machine can use it. A connection tries the others in
 * turn.
 */
function inOrder(addresses: readonly Address[]): Address[] {
  const isUsable = usableHere();
  const rank = (one: Address) => (one.family === 4 ? 1 : isUsable(one) ? 0 : 2);
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}

/** Returns a function that tells whether this machine has a route to an address, as far as its own addresses show. */
function usableHere(): (address: Address) => boolean {
  const own = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const hasLoopback = own.some(({ address }) => address === '::1');
  const external = own.filter(({ internal }) => !internal);
  const hasIPv4 = external.some(({ family }) => family === 'IPv4');
  // Link-local addresses (fe80::/10) reach few destinations. So do unique local ones (fc00::/7) beside IPv4.
  const reaches = hasIPv4 ? /^(?!f[cde])/i : /^(?!fe)/i;
  const hasRoute = external.some(({ address, family }) => family === 'IPv6' && reaches.test(address));
  return ({ address, family }) => family === 4 || (address === '::1' ? hasLoopback : hasRoute);
}
