import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Algorithm, Secret } from 'jsonwebtoken';

export const ISSUER = 'https://issuer.test/';
export const AUDIENCE = 'zyntro-bff-test';

export type Claims = Record<string, unknown>;

/** Returns the claims of a valid token. Omits claims that are undefined in `changes`. */
export function goodClaims(org: string, member: string, changes: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000);
  const sub = `subject-${randomUUID()}`;
  const standard = { iss: ISSUER, aud: AUDIENCE, sub, iat: now, exp: now + 600, scope: 'contacts:read' };
  const all = { ...standard, org_id: org, member_id: member, ...changes };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function newSecret(): string {
  return randomBytes(48).toString('base64');
}

/** Signs claims with jsonwebtoken, which adds no claims here. */
export function sign(claims: Claims, key: Secret, algorithm: Algorithm = 'HS256'): string {
  return jwt.sign(claims, key, { algorithm, noTimestamp: claims['iat'] === undefined });
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Builds a token without a library, for headers and keys that libraries reject. */
export function signByHand(header: Claims, claims: Claims, secret: string | Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function unsigned(header: Claims, claims: Claims): string {
  return `${encode(header)}.${encode(claims)}.`;
}
