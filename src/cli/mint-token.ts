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
  /** The algorithms that the proxy accepts (JWT_ALGORITHMS); undefined if it accepts all that its keys support. */
  readonly algorithms: readonly string[] | undefined;
  readonly tierClaim: string;
}

/** A secret for HMAC, or a PEM private key, whose type determines the algorithms. */
export type SigningKey = { readonly secret: string } | { readonly privateKeyPem: string };

/** The algorithms of RFC 7518 section 3.1, the most common of each family first. */
const HMAC: readonly jwt.Algorithm[] = ['HS256', 'HS384', 'HS512'];
const RSA: readonly jwt.Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const BY_CURVE: Readonly<Record<string, readonly jwt.Algorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};

/**
 * Signs a token.
 *
 * @throws Error if the key does not support any algorithm that the proxy accepts.
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
  const { signingKey, family } =
    'secret' in key ? { signingKey: key.secret, family: HMAC } : readPrivateKey(key.privateKeyPem);
  const algorithm = family.find((name) => request.algorithms?.includes(name) ?? true);
  if (!algorithm) throw new Error('the proxy accepts no algorithm of this key type');
  return jwt.sign(claims, signingKey, { ...options, algorithm });
}

function readPrivateKey(pem: string) {
  const signingKey = createPrivateKey(pem);
  const family =
    signingKey.asymmetricKeyType === 'rsa'
      ? RSA
      : BY_CURVE[signingKey.asymmetricKeyDetails?.namedCurve ?? ''];
  return { signingKey, family: family ?? [] };
}
