import { createPrivateKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { algorithmsOf, HMAC_ALGORITHMS, type JwtAlgorithm } from '../auth/key-algorithms.ts';

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
  /** The algorithms that the proxy accepts (JWT_ALGORITHMS); undefined if it accepts all that its keys support. */
  readonly algorithms: readonly string[] | undefined;
  readonly tierClaim: string;
}

/** A secret for HMAC, or a PEM private key, whose type determines the algorithms. */
export type SigningKey = { readonly secret: string } | { readonly privateKeyPem: string };

/**
 * Signs a token with the first algorithm of the key that the proxy accepts.
 *
 * @throws Error if the key does not have such an algorithm.
 */
export function mintToken(request: TokenRequest, key: SigningKey): string {
  const claims = {
    [request.orgClaim]: request.org,
    [request.memberClaim]: request.member,
    sub: request.subject,
    scope: request.scope,
    ...(request.tier !== undefined && { [request.tierClaim]: request.tier }),
  };
  const options: jwt.SignOptions = {
    expiresIn: request.expiresInS,
    ...(request.issuer !== undefined && { issuer: request.issuer }),
    ...(request.audience !== undefined && { audience: request.audience }),
  };
  const signingKey = 'secret' in key ? key.secret : createPrivateKey(key.privateKeyPem);
  const family: readonly JwtAlgorithm[] =
    typeof signingKey === 'string' ? HMAC_ALGORITHMS : algorithmsOf(signingKey);
  const algorithm = family.find((name) => request.algorithms?.includes(name) ?? true);
  if (!algorithm) throw new Error('the proxy accepts no algorithm of this key type');
  return jwt.sign(claims, signingKey, { ...options, algorithm });
}
