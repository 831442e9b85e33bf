import { fixedKeySet, joinedKeySet, type KeySet, type TokenKey } from './key-set.ts';
import type { Replacement } from '../lib/replacement.ts';
import { remoteKeySet, type JwksOptions, type JwksState } from './jwks.ts';

/** The names of the claims that identify a caller in an issuer's tokens. */
export interface ClaimNames {
  readonly org: string;
  readonly member: string;
  readonly tier: string;
  /** Each of these claims adds its scopes if present. */
  readonly scopes: readonly string[];
}

export interface IssuerSettings {
  /** The `iss` of its tokens; undefined for any issuer, which is possible in development only. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly keys: readonly TokenKey[];
  readonly jwks: { readonly uri: URL; readonly algorithms: ReadonlySet<string> } | undefined;
  readonly claims: ClaimNames;
  /** The rate-limit tier of all its callers; overrides the claim. */
  readonly tier: string | undefined;
}

export interface TrustedIssuer extends Omit<IssuerSettings, 'keys' | 'jwks'> {
  readonly keys: KeySet;
}

export interface TrustedIssuers {
  /** Returns the configured issuer for a token's unverified `iss`. Never causes a request. */
  of(issuer: unknown): TrustedIssuer | undefined;
  /** Creates issuers that replace all current ones. Published key sets in both are reused with their keys. */
  prepare(all: readonly IssuerSettings[]): Replacement;
  /** Returns the state of each published key set. */
  published(): readonly PublishedKeys[];
  close(): void;
}

export interface PublishedKeys {
  /** The index of its issuer in the configuration; `JWT_ISSUER` is first if it is set. */
  readonly issuer: number;
  readonly usableKeys: number;
  /** The time of the last successful fetch in milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
}

export interface JwksSettings extends Pick<
  JwksOptions,
  'refreshMs' | 'minDemandMs' | 'maxKeys' | 'monotonicNow' | 'random'
> {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly fetchJwks: (uri: URL, signal: AbortSignal) => Promise<unknown>;
  readonly onFetched: (issuer: IssuerSettings, state: JwksState) => void;
  /** Called when a reload has closed the key set of an issuer. `onFetched` is not called for it any more. */
  readonly onReplaced: (issuer: IssuerSettings) => void;
}

/** Creates a separate key set for each issuer: the key of one issuer never verifies the token of another. */
export function createTrustedIssuers(all: readonly IssuerSettings[], jwks: JwksSettings): TrustedIssuers {
  let published = new Map<string, Published>();
  let byName = new Map<string | undefined, TrustedIssuer>();
  prepare(all).commit();

  function prepare(issuers: readonly IssuerSettings[]): Replacement {
    const kept = new Map<string, Published>();
    const trusted = issuers.map((settings, issuer) => {
      const { keys, jwks: remote, ...rest } = settings;
      if (!remote) return { ...rest, keys: fixedKeySet(keys) };
      const name = JSON.stringify([settings.issuer, remote.uri.href, [...remote.algorithms]]);
      const remoteKeys = published.get(name) ?? createPublished(settings, remote, jwks);
      kept.set(name, { ...remoteKeys, issuer });
      return { ...rest, keys: joinedKeySet([fixedKeySet(keys), remoteKeys.keySet]) };
    });
    return {
      commit() {
        for (const { settings } of closeAllBut(kept, published)) jwks.onReplaced(settings);
        published = kept;
        byName = new Map(trusted.map((issuer) => [issuer.issuer, issuer]));
      },
      discard: () => void closeAllBut(published, kept),
    };
  }

  return {
    of: (issuer) => (typeof issuer === 'string' ? byName.get(issuer) : undefined) ?? byName.get(undefined),
    prepare,
    published: () => [...published.values()].map(({ issuer, known }) => ({ issuer, ...known })),
    close: () => {
      for (const { keys } of byName.values()) keys.close();
    },
  };
}

/** Closes the key sets in `all` that are not in `kept`, and returns them. */
function closeAllBut(kept: ReadonlyMap<string, Published>, all: ReadonlyMap<string, Published>): Published[] {
  const closed = [...all].filter(([name]) => !kept.has(name)).map(([, published]) => published);
  for (const { keySet } of closed) keySet.close();
  return closed;
}

interface Published {
  readonly settings: IssuerSettings;
  readonly keySet: KeySet;
  readonly known: { usableKeys: number; fetchedAt: number | undefined };
  readonly issuer: number;
}

function createPublished(
  settings: IssuerSettings,
  remote: NonNullable<IssuerSettings['jwks']>,
  jwks: JwksSettings,
): Omit<Published, 'issuer'> {
  const known: Published['known'] = { usableKeys: 0, fetchedAt: undefined };
  const keySet = remoteKeySet({
    ...jwks,
    algorithms: remote.algorithms,
    fetchJwks: (signal) => jwks.fetchJwks(remote.uri, signal),
    onFetched(state) {
      known.usableKeys = state.keys;
      if (state.ok) known.fetchedAt = jwks.now();
      jwks.onFetched(settings, state);
    },
  });
  return { settings, keySet, known };
}
