import { examineJwk } from '../../auth/jwk.ts';
import { createJwksFetch } from '../../auth/jwks-fetch.ts';
import { mergeEqualKeys, type TokenKey } from '../../auth/key-set.ts';
import type { IssuerSettings } from '../../auth/trusted-issuers.ts';
import type { Config } from '../../config/index.ts';
import { mapBounded } from '../../lib/map-bounded.ts';
import { errorCodeOf } from '../../upstream/transport-failure.ts';
import { connectionAdvice } from './connection-advice.ts';
import { failed, passed, quoted, warned, type Finding } from './finding.ts';

const MAX_LISTED = 10;
const PARALLELISM = 4;

/** Fetches every configured key set and reports its usable keys. */
export async function checkJwks(auth: Config['auth'], signal: AbortSignal): Promise<Finding[]> {
  const remote = auth.issuers.filter(({ jwks }) => jwks);
  if (remote.length === 0)
    return [passed('JWKS', 'not configured: tokens are verified with configured keys')];
  const fetch = createJwksFetch(auth.jwks);
  try {
    const all = await mapBounded(remote, PARALLELISM, async ({ issuer, jwks }) => {
      const name = remote.length > 1 ? `JWKS of ${quoted(issuer ?? '')}` : 'JWKS';
      try {
        return evaluateKeySet(name, await fetch.fetchJwks(jwks!.uri, signal), jwks!, auth.jwks.maxKeys);
      } catch (error) {
        const code = errorCodeOf(error);
        const { origin, pathname } = jwks!.uri;
        return [
          failed(name, `${quoted(origin + pathname)} cannot be fetched (${code})`, connectionAdvice(code)),
        ];
      }
    });
    return all.flat();
  } finally {
    await fetch.close();
  }
}

function evaluateKeySet(
  name: string,
  document: unknown,
  { algorithms }: NonNullable<IssuerSettings['jwks']>,
  maxKeys: number,
): Finding[] {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) {
    return [failed(name, 'the document is not a key set (RFC 7517)', 'check the URL')];
  }
  if (listed.length > maxKeys) {
    const advice = 'raise jwks.maxKeys in config/auth.json if this is intended';
    return [failed(name, `has ${listed.length} keys; the maximum is ${maxKeys}`, advice)];
  }
  const examined = listed.map((jwk: unknown) => ({ kid: kidOf(jwk), result: examineJwk(jwk, algorithms) }));
  const usable = examined.flatMap(({ result }) => ('usable' in result ? [result.usable] : []));
  const lines = examined.map(({ kid, result }) =>
    'usable' in result
      ? `${kid} verifies ${[...result.usable.algorithms].join(' ')}`
      : `${kid} ${result.unusable}`,
  );
  const more = lines.length > MAX_LISTED ? [`and ${lines.length - MAX_LISTED} more`] : [];
  const detail = [
    `${usable.length} of ${listed.length} keys can be used`,
    ...lines.slice(0, MAX_LISTED),
    ...more,
  ];
  const text = detail.join('; ');
  if (usable.length === 0) {
    return [failed(name, text, 'no token can be verified: ask the issuer to publish a signature key')];
  }
  const findings = [usable.length < listed.length ? unusableKeys(name, text) : passed(name, text)];
  const twice = sharedKid(mergeEqualKeys(usable));
  if (twice)
    findings.push(
      warned(
        name,
        `several keys share the kid ${twice}`,
        'their tokens are rejected: give each key its own kid',
      ),
    );
  return findings;
}

/** Passes if only other keys are unusable, such as encryption keys. Warns if a private key was published. */
function unusableKeys(name: string, text: string): Finding {
  return text.includes('private half')
    ? warned(name, text, 'ask the issuer to replace the key: anyone can sign tokens with it')
    : passed(name, text);
}

function sharedKid(keys: readonly TokenKey[]): string | undefined {
  const seen = new Set<string>();
  for (const { kid, algorithms } of keys) {
    for (const algorithm of algorithms) {
      const name = `${algorithm} ${kid ?? ''}`;
      if (seen.has(name)) return quoted(kid ?? '');
      seen.add(name);
    }
  }
  return undefined;
}

function kidOf(jwk: unknown): string {
  const kid = (jwk as { kid?: unknown } | null)?.kid;
  return typeof kid === 'string' ? quoted(kid) : 'a key without kid';
}
