/** An address family; 0 means either. */
export type Family = 0 | 4 | 6;

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Looks up a name once. Rejects with a LookupError, or when the signal aborts. */
export type Query = (name: string, family: Family, signal: AbortSignal) => Promise<readonly Address[]>;

/** @throws LookupError. */
export type Resolve = (name: string, family: Family) => Promise<readonly Address[]>;

/**
 * A failed look-up, with the codes of getaddrinfo: ENOTFOUND if the name does not exist, EAI_ADDRFAMILY if it
 * only has addresses of the other family, and EAI_AGAIN if name servers do not respond.
 */
export class LookupError extends Error {
  readonly code: 'ENOTFOUND' | 'EAI_ADDRFAMILY' | 'EAI_AGAIN';
  readonly hostname: string;
  readonly syscall = 'lookup';

  constructor(code: LookupError['code'], hostname: string, cause?: unknown) {
    super(`lookup ${code} ${hostname}`, cause === undefined ? undefined : { cause });
    this.name = 'LookupError';
    this.code = code;
    this.hostname = hostname;
  }
}

const FRESH_MS = 5000;
const RETRY_MS = 1000;
/**
 * The maximum time of a look-up. It exceeds the wait of a caller, so that a slow name server still serves later
 * callers.
 */
const QUERY_MS = 5000;
/** The maximum wait of a caller. It is below the usual connect timeout, so that the error names the cause. */
const WAIT_MS = 900;
/** The maximum wait of a caller if an earlier address is known. */
const WAIT_WITH_FALLBACK_MS = 250;
/**
 * The maximum age of an earlier address that is used when name servers do not respond (RFC 8767 section 5), or
 * deny the name.
 */
const MAX_STALE_MS = 24 * 3600 * 1000;
const MAX_DENIED_MS = 60_000;
/** The maximum number of cached names. Names come from the configuration and from Redis's nodes. */
const MAX_NAMES = 1000;

interface Entry {
  readonly name: string;
  readonly family: Family;
  inFlight: Promise<readonly Address[]> | undefined;
  lastGood: { readonly addresses: readonly Address[]; readonly at: number } | undefined;
  lastFailure: { readonly error: LookupError; readonly at: number } | undefined;
}

/**
 * Creates a resolver with at most one look-up in flight per name, a short cache, a bounded wait for callers,
 * and the last good address as a fallback if a look-up fails or is late.
 */
export function createResolver(options: {
  readonly query: Query;
  readonly monotonicNow: () => number;
}): Resolve {
  const { query, monotonicNow } = options;
  const entries = new Map<string, Entry>();

  /** Returns the entry of a name. Evicts the least recently used entry if a new one exceeds the bound. */
  function entryOf(name: string, family: Family): Entry {
    const key = `${family} ${name}`;
    const entry = entries.get(key) ?? newEntry(name, family);
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > MAX_NAMES) entries.delete(entries.keys().next().value!);
    return entry;
  }

  async function lookUp(entry: Entry): Promise<readonly Address[]> {
    const signal = AbortSignal.timeout(QUERY_MS);
    try {
      const addresses = await query(entry.name, entry.family, signal);
      entry.lastGood = { addresses, at: monotonicNow() };
      entry.lastFailure = undefined;
      return addresses;
    } catch (cause) {
      const error = cause instanceof LookupError ? cause : new LookupError('EAI_AGAIN', entry.name, cause);
      entry.lastFailure = { error, at: monotonicNow() };
      throw error;
    } finally {
      entry.inFlight = undefined;
    }
  }

  function start(entry: Entry): Promise<readonly Address[]> {
    const begun = lookUp(entry);
    // Prevents an unhandled rejection if every caller has left.
    begun.catch(() => {});
    return begun;
  }

  function fallback({ lastGood }: Entry, error: LookupError): readonly Address[] {
    const limit = error.code === 'EAI_AGAIN' ? MAX_STALE_MS : MAX_DENIED_MS;
    if (lastGood && monotonicNow() - lastGood.at < limit) return lastGood.addresses;
    throw error;
  }

  return async function resolve(host, family) {
    const entry = entryOf(host.toLowerCase(), family);
    const { lastGood, lastFailure } = entry;
    const now = monotonicNow();
    if (lastGood && now - lastGood.at < FRESH_MS) return lastGood.addresses;
    if (lastFailure && now - lastFailure.at < RETRY_MS) return fallback(entry, lastFailure.error);
    entry.inFlight ??= start(entry);
    try {
      return await inTime(entry, entry.inFlight, lastGood ? WAIT_WITH_FALLBACK_MS : WAIT_MS);
    } catch (error) {
      return fallback(entry, error as LookupError);
    }
  };
}

function newEntry(name: string, family: Family): Entry {
  return { name, family, inFlight: undefined, lastGood: undefined, lastFailure: undefined };
}

/** Rejects with EAI_AGAIN after `ms`; the look-up itself continues. */
function inTime<T>({ name }: Entry, lookup: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new LookupError('EAI_AGAIN', name)), ms);
    lookup.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
