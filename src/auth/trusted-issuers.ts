import { fixedKeySet, joinedKeySet, type KeySet, type TokenKey } from './key-set.ts';
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
  /** Puts others in the place of all; published key sets that stay keep what they know. */
  replace(all: readonly IssuerSettings[]): void;
  close(): void;
}

export interface JwksSettings extends Pick<JwksOptions, 'refreshMs' | 'minDemandMs' | 'maxKeys'> {
  readonly now: () => number;
  readonly random: () => number;
  readonly fetchJwks: (uri: URL, signal: AbortSignal) => Promise<unknown>;
  readonly onFetched: (issuer: IssuerSettings, state: JwksState) => void;
}

/** Opens the keys of every issuer, each its own: no key of one ever verifies a token of another. */
export function openTrustedIssuers(all: readonly IssuerSettings[], jwks: JwksSettings): TrustedIssuers {
  let published = new Map<string, KeySet>();
  let byName = openAll(all);

  function openAll(issuers: readonly IssuerSettings[]): Map<string | undefined, TrustedIssuer> {
    const kept = new Map<string, KeySet>();
    const opened = issuers.map((settings) => {
      const { keys, jwks: remote, ...rest } = settings;
      if (!remote) return { ...rest, keys: fixedKeySet(keys) };
      const name = JSON.stringify([settings.issuer, remote.uri.href, [...remote.algorithms]]);
      const keySet = published.get(name) ?? openPublished(settings, remote, jwks);
      kept.set(name, keySet);
      return { ...rest, keys: joinedKeySet([fixedKeySet(keys), keySet]) };
    });
    for (const [name, keySet] of published) if (!kept.has(name)) keySet.close();
    published = kept;
    return new Map(opened.map((issuer) => [issuer.issuer, issuer]));
  }

  return {
    of: (issuer) => (typeof issuer === 'string' ? byName.get(issuer) : undefined) ?? byName.get(undefined),
    replace: (others) => void (byName = openAll(others)),
    close: () => {
      for (const { keys } of byName.values()) keys.close();
    },
  };
}

function openPublished(
  settings: IssuerSettings,
  remote: NonNullable<IssuerSettings['jwks']>,
  jwks: JwksSettings,
): KeySet {
  return remoteKeySet({
    ...jwks,
    algorithms: remote.algorithms,
    fetchJwks: (signal) => jwks.fetchJwks(remote.uri, signal),
    onFetched: (state) => jwks.onFetched(settings, state),
  });
}
