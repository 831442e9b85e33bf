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
  const byName = new Map(all.map((settings) => [settings.issuer, openIssuer(settings, jwks)]));
  return {
    of: (issuer) => (typeof issuer === 'string' ? byName.get(issuer) : undefined) ?? byName.get(undefined),
    close: () => {
      for (const { keys } of byName.values()) keys.close();
    },
  };
}

function openIssuer(settings: IssuerSettings, jwks: JwksSettings): TrustedIssuer {
  const { keys, jwks: remote, ...rest } = settings;
  const fixed = fixedKeySet(keys);
  if (!remote) return { ...rest, keys: fixed };
  const published = remoteKeySet({
    ...jwks,
    algorithms: remote.algorithms,
    fetchJwks: (signal) => jwks.fetchJwks(remote.uri, signal),
    onFetched: (state) => jwks.onFetched(settings, state),
  });
  return { ...rest, keys: joinedKeySet([fixed, published]) };
}
