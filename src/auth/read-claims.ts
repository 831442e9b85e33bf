import type { Caller } from '../contact/read-contact.ts';
import { isPlainText } from '../lib/plain-text.ts';
import { parseUuid } from '../lib/uuid.ts';
import { readTimes, type TokenTimes } from './token-times.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** The claims of a token whose signature, issuer, audience and times are valid. */
export type Claims = Readonly<Record<string, unknown>>;

export interface TokenIdentity extends TokenTimes {
  readonly caller: Caller;
  readonly jti: string | undefined;
}

const TIER = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Reads the caller by the issuer's claim names, with those of its scopes that are known. Returns undefined if a claim
 * is missing or has the wrong type.
 */
export function readClaims(
  claims: unknown,
  issuer: TrustedIssuer,
  knownScopes: ReadonlySet<string>,
): TokenIdentity | undefined {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  // A claim name can equal an inherited property, such as `constructor`.
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
  const scopes = names.scopes.flatMap((name) => readScopes(own(name)));
  const tier = issuer.tier ?? readTier(own(names.tier));
  const held = new Set(scopes.filter((scope) => knownScopes.has(scope)));
  return { caller: { issuer: iss, subject, org, member, scopes: held, tier }, jti, ...times };
}

function readTier(claim: unknown): string | undefined {
  return typeof claim === 'string' && TIER.test(claim) ? claim : undefined;
}

/** Reads scopes from a space-separated string (RFC 8693 section 4.2) or a list; identity providers differ. */
function readScopes(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
  if (Array.isArray(claim)) return claim.filter((scope) => typeof scope === 'string');
  return [];
}
