import { createPrivateKey } from 'node:crypto';
import jwt from 'jsonwebtoken';

export interface TokenRequest {
  readonly org: string;
  readonly member: string;
  readonly subject: string;
  readonly scope: string;
  readonly tier: string | undefined;
  readonly expiresInS: number;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly orgClaim: string;
  readonly memberClaim: string;
}

/** A secret for HS256, or a private key in PEM, whose kind names the algorithm. */
export type SigningKey = { readonly secret: string } | { readonly privateKeyPem: string };

const BY_CURVE: Readonly<Record<string, jwt.Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** @throws Error where the PEM is no RSA or EC private key. */
export function mintToken(request: TokenRequest, key: SigningKey): string {
  const claims = {
    [request.orgClaim]: request.org,
    [request.memberClaim]: request.member,
    sub: request.subject,
    scope: request.scope,
    ...(request.tier !== undefined && { rate_tier: request.tier }),
  };
  const options: jwt.SignOptions = {
    expiresIn: request.expiresInS,
    ...(request.issuer !== undefined && { issuer: request.issuer }),
    ...(request.audience !== undefined && { audience: request.audience }),
  };
  if ('secret' in key) return jwt.sign(claims, key.secret, { ...options, algorithm: 'HS256' });
  const privateKey = createPrivateKey(key.privateKeyPem);
  const algorithm =
    privateKey.asymmetricKeyType === 'rsa'
      ? 'RS256'
      : BY_CURVE[privateKey.asymmetricKeyDetails?.namedCurve ?? ''];
  if (!algorithm) throw new Error('not an RSA key or an EC key on P-256, P-384 or P-521');
  return jwt.sign(claims, privateKey, { ...options, algorithm });
}
