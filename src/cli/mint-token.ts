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
  /** What the proxy takes (JWT_ALGORITHMS); undefined where it takes all that its keys verify. */
  readonly algorithms: readonly string[] | undefined;
  readonly tierClaim: string;
}

/** A secret for HS256, or a private key in PEM, whose kind names the algorithm. */
export type SigningKey = { readonly secret: string } | { readonly privateKeyPem: string };

/** RFC 7518 section 3.1, the common one of each family first. */
const HMAC: readonly jwt.Algorithm[] = ['HS256', 'HS384', 'HS512'];
const RSA: readonly jwt.Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const BY_CURVE: Readonly<Record<string, readonly jwt.Algorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};

/** @throws Error where the key cannot sign with any algorithm that the proxy takes. */
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
  if (!algorithm) throw new Error('no algorithm of this kind of key is taken');
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
