import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Algorithm, Secret } from 'jsonwebtoken';

export const ISSUER = 'https://issuer.test/';
export const AUDIENCE = 'zyntro-bff-test';

export type Claims = Record<string, unknown>;

/** What a good token holds. A claim that is undefined in `changes` is left out. */
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

/** Signed by jsonwebtoken, which adds no claim of its own here. */
export function sign(claims: Claims, key: Secret, algorithm: Algorithm = 'HS256'): string {
  return jwt.sign(claims, key, { algorithm, noTimestamp: claims['iat'] === undefined });
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Put together by hand, for headers and keys that a library refuses to sign with. */
export function signByHand(header: Claims, claims: Claims, secret: string | Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function unsigned(header: Claims, claims: Claims): string {
  return `${encode(header)}.${encode(claims)}.`;
}
