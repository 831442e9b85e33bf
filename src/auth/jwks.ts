import { AppError, type ErrorDetails } from '../errors.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import { readJwk } from './jwk.ts';
import { mergeEqualKeys, onlyOne, type KeySet, type TokenKey } from './key-set.ts';

/** The result of the last fetch. `keys` counts the usable keys. */
export type JwksState =
  | { readonly ok: true; readonly keys: number }
  | { readonly ok: false; readonly reason: string; readonly keys: number };

export interface JwksOptions {
  /** Fetches the document (RFC 7517 section 5), in bounded time and size. */
  readonly fetchJwks: (signal: AbortSignal) => Promise<unknown>;
  /** Algorithms that the keys of the set may verify. */
  readonly algorithms: ReadonlySet<string>;
  /** Milliseconds between two background fetches. */
  readonly refreshMs: number;
  /** Milliseconds between two fetches for unknown keys and signatures that do not match. */
  readonly minDemandMs: number;
  readonly maxKeys: number;
  /** Milliseconds of a monotonic clock, so that a new key is not delayed when the system clock is set back. */
  readonly monotonicNow: () => number;
  readonly random: () => number;
  /** Called after every fetch, except when the set was closed during it. */
  readonly onFetched: (state: JwksState) => void;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/**
 * Limits the wait of a token whose signature does not match. A slow issuer must not delay it, since that would
 * show that its key is known; a later request finds the key that the fetch brings.
 */
const REPLACEMENT_WAIT_MS = 1000;
const RETRY_AFTER_S = 5;
const UNAVAILABLE: ErrorDetails = {
  detail: 'The keys for token verification cannot be fetched at present. Try again later.',
  reason: 'JWKS_UNAVAILABLE',
  retryAfterS: RETRY_AFTER_S,
};

/**
 * Creates the key set that an issuer publishes. It is fetched immediately, then periodically, and on demand
 * when a token's key is unknown or its signature does not match. On-demand fetches are shared and throttled:
 * invalid tokens cannot flood the issuer, and a new key is still found. Known keys remain in use while the
 * issuer is down.
 */
export function remoteKeySet(options: JwksOptions): KeySet {
  const closing = new AbortController();
  let keys: readonly TokenKey[] | undefined;
  let fetching: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let lastDemandAt = -Infinity;

  async function fetchOnce(): Promise<void> {
    try {
      const document = await options.fetchJwks(closing.signal);
      // The document can arrive just before the set is closed.
      if (closing.signal.aborted) return;
      keys = readKeys(document, keys ?? [], options);
      failures = 0;
      options.onFetched({ ok: true, keys: keys.length });
    } catch (error) {
      if (closing.signal.aborted) return;
      failures += 1;
      options.onFetched({ ok: false, reason: reasonOf(error), keys: keys?.length ?? 0 });
    }
  }

  /** Never rejects; callers check `keys` afterwards. */
  function refresh(): Promise<void> {
    fetching ??= fetchOnce().finally(() => {
      fetching = undefined;
      schedule();
    });
    return fetching;
  }

  function schedule(): void {
    clearTimeout(timer);
    if (closing.signal.aborted) return;
    const delay =
      failures === 0 ? options.refreshMs : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
    // Jitter: processes that started together must not fetch together.
    timer = setTimeout(() => void refresh(), delay * (0.8 + 0.2 * options.random())).unref();
  }

  async function refreshOnDemand(): Promise<void> {
    if (fetching) return fetching;
    if (options.monotonicNow() - lastDemandAt < options.minDemandMs) return undefined;
    lastDemandAt = options.monotonicNow();
    return refresh();
  }

  const fittingKey = (kid: string | undefined, algorithm: string): TokenKey | undefined =>
    keys && onlyOne(fitting(keys, kid, algorithm));

  /** Returns whether the key may be published, but could not be fetched. A caller cannot mend that with a new token. */
  function mayHaveNewKey(kid: string | undefined): boolean {
    if (!keys) return true;
    const isOutdated = failures > 0 || closing.signal.aborted;
    return isOutdated && kid !== undefined && !keys.some((key) => key.kid === kid);
  }

  void refresh();
  return {
    async find(kid, algorithm) {
      if (!options.algorithms.has(algorithm)) return undefined;
      const known = fittingKey(kid, algorithm);
      if (known) return known;
      await refreshOnDemand();
      const fits = fittingKey(kid, algorithm);
      if (!fits && mayHaveNewKey(kid)) throw new AppError('UPSTREAM_UNAVAILABLE', UNAVAILABLE);
      return fits;
    },
    async replacementFor(key, kid, algorithm) {
      // Another request may have fetched the new key meanwhile.
      if (fittingKey(kid, algorithm) === key)
        await withTimeout(REPLACEMENT_WAIT_MS, refreshOnDemand()).catch(() => {});
      const fits = fittingKey(kid, algorithm);
      return fits === key ? undefined : fits;
    },
    holds: (key) => keys?.includes(key) ?? false,
    close: () => {
      closing.abort();
      clearTimeout(timer);
    },
  };
}

function fitting(keys: readonly TokenKey[], kid: string | undefined, algorithm: string): TokenKey[] {
  return keys.filter((key) => (kid === undefined || key.kid === kid) && key.algorithms.has(algorithm));
}

/** Reads the key set. An unchanged key keeps its object, so that tokens verified with it remain cached. */
function readKeys(document: unknown, before: readonly TokenKey[], options: JwksOptions): TokenKey[] {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) throw new JwksError('NO_KEY_SET');
  if (listed.length > options.maxKeys) throw new JwksError('TOO_MANY_KEYS');
  const usable = listed.flatMap((jwk: unknown) => readJwk(jwk, options.algorithms) ?? []);
  return mergeEqualKeys(usable).map((key) => before.find((known) => isSame(known, key)) ?? key);
}

function isSame(one: TokenKey, other: TokenKey): boolean {
  return (
    one.kid === other.kid &&
    one.key.equals(other.key) &&
    [...one.algorithms].toSorted().join() === [...other.algorithms].toSorted().join()
  );
}

/** Thrown when the fetched document is not a usable key set. `code` is for the operator. */
export class JwksError extends Error {
  readonly code: string;

  constructor(code: string, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.name = 'JwksError';
    this.code = code;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'UNKNOWN';
}
