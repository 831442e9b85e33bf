import { fixedKeySet, joinedKeySet, type KeySet, type TokenKey } from './key-set.ts';
import type { Replacement } from '../replacement.ts';
import { remoteKeySet, type JwksOptions, type JwksState } from './jwks.ts';

/** Where a caller's identity stands in the claims of an issuer's tokens. */
export interface ClaimNames {
  readonly org: string;
  readonly member: string;
  readonly tier: string;
  /** Each of those that is there adds its scopes. */
  readonly scopes: readonly string[];
}

export interface IssuerSettings {
  /** The `iss` of its tokens; undefined in development alone, for tokens of any. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly keys: readonly TokenKey[];
  readonly jwks: { readonly uri: URL; readonly algorithms: ReadonlySet<string> } | undefined;
  readonly claims: ClaimNames;
  /** The rate-limit tier of all its callers, whatever a claim says. */
  readonly tier: string | undefined;
}

export interface TrustedIssuer extends Omit<IssuerSettings, 'keys' | 'jwks'> {
  readonly keys: KeySet;
}

export interface TrustedIssuers {
  /** The issuer that a token claims to be from: a look-up among those configured, and no more than that. */
  of(issuer: unknown): TrustedIssuer | undefined;
  /** Opens others to put in the place of all; published key sets that stay keep what they know. */
  prepare(all: readonly IssuerSettings[]): Replacement;
  /** What is known of each published key set. */
  published(): readonly PublishedKeys[];
  close(): void;
}

export interface PublishedKeys {
  /** The place of its issuer in the configuration: `JWT_ISSUER` first where it is set. */
  readonly issuer: number;
  readonly usableKeys: number;
  /** Milliseconds since the epoch of the last fetch that went well. */
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
}

/** Opens the keys of every issuer, each its own: no key of one ever verifies a token of another. */
export function createTrustedIssuers(all: readonly IssuerSettings[], jwks: JwksSettings): TrustedIssuers {
  let published = new Map<string, Published>();
  let byName = new Map<string | undefined, TrustedIssuer>();
  prepare(all).commit();

  function prepare(issuers: readonly IssuerSettings[]): Replacement {
    const kept = new Map<string, Published>();
    const opened = issuers.map((settings, issuer) => {
      const { keys, jwks: remote, ...rest } = settings;
      if (!remote) return { ...rest, keys: fixedKeySet(keys) };
      const name = JSON.stringify([settings.issuer, remote.uri.href, [...remote.algorithms]]);
      const { keySet, known } = published.get(name) ?? openPublished(settings, remote, jwks);
      kept.set(name, { keySet, known, issuer });
      return { ...rest, keys: joinedKeySet([fixedKeySet(keys), keySet]) };
    });
    return {
      commit() {
        closeAllBut(kept, published);
        published = kept;
        byName = new Map(opened.map((issuer) => [issuer.issuer, issuer]));
      },
      discard: () => closeAllBut(published, kept),
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

/** Closes the key sets of `all` that are not kept. */
function closeAllBut(kept: ReadonlyMap<string, Published>, all: ReadonlyMap<string, Published>): void {
  for (const [name, { keySet }] of all) if (!kept.has(name)) keySet.close();
}

interface Published {
  readonly keySet: KeySet;
  readonly known: { usableKeys: number; fetchedAt: number | undefined };
  readonly issuer: number;
}

function openPublished(
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
  return { keySet, known };
}
