import type { Caller } from '../contact/read-contact.ts';
import { isPlainText } from '../lib/plain-text.ts';
import { parseUuid } from '../lib/uuid.ts';
import { readTimes, type TokenTimes } from './token-times.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** The claims of a token whose signature, issuer, audience and times hold. */
export type Claims = Readonly<Record<string, unknown>>;

export interface TokenIdentity extends TokenTimes {
  readonly caller: Caller;
  readonly jti: string | undefined;
}

const TIER = /^[A-Za-z0-9._-]{1,64}$/;

/** Reads who calls, by the issuer's names for it, or undefined where a claim is missing or of another type. */
export function readClaims(claims: unknown, issuer: TrustedIssuer): TokenIdentity | undefined {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  // Claims can be named as what every object inherits.
  const own = (name: string): unknown => (Object.hasOwn(claims, name) ? (claims as Claims)[name] : undefined);
  const names = issuer.claims;
  const iss = own('iss') ?? '';
  const subject = own('sub');
  const org = parseUuid(own(names.org));
  const member = parseUuid(own(names.member));
  const times = readTimes(own('iat'), own('nbf'), own('exp'));
  const jti = own('jti');
  if (!isPlainText(iss) || !isPlainText(subject) || subject === '' || !org || !member) return undefined;
  if (!times || (jti !== undefined && !isPlainText(jti))) return undefined;
  const scopes = new Set(names.scopes.flatMap((name) => readScopes(own(name))));
  const tier = issuer.tier ?? readTier(own(names.tier));
  return { caller: { issuer: iss, subject, org, member, scopes, tier }, jti, ...times };
}

function readTier(claim: unknown): string | undefined {
  return typeof claim === 'string' && TIER.test(claim) ? claim : undefined;
}

/** Space-separated (RFC 8693 section 4.2) or a list, as identity providers differ. */
function readScopes(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
  if (Array.isArray(claim)) return claim.filter((scope) => typeof scope === 'string');
  return [];
}
