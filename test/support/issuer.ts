import http from 'node:http';
import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import type { Algorithm } from 'jsonwebtoken';
import type { Claims } from './tokens.ts';

export interface IssuerKey {
  readonly kid: string | undefined;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
  sign(claims: Claims, header?: Claims): string;
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function newKey(
  kid: string | undefined,
  algorithm: Algorithm = 'ES256',
  more: object = {},
): IssuerKey {
  const namedCurve = CURVES[algorithm];
  const pair = namedCurve
    ? generateKeyPairSync('ec', { namedCurve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), ...(kid !== undefined && { kid }), ...more };
  return { kid, algorithm, jwk, privateKey: pair.privateKey, sign: signer(pair.privateKey, algorithm, kid) };
}

/** Returns a function that signs claims verbatim, with the `kid` in the header. */
export function signer(key: KeyObject, algorithm: Algorithm, kid: string | undefined): IssuerKey['sign'] {
  return (claims, header = {}) =>
    jwt.sign(claims, key, {
      algorithm,
      noTimestamp: claims['iat'] === undefined,
      header: { alg: algorithm, typ: 'JWT', ...(kid !== undefined && { kid }), ...header },
      // Some test vectors use keys that the library considers insecure.
      allowInsecureKeySizes: true,
      allowInvalidAsymmetricKeyTypes: true,
    });
}

export interface Issuer {
  readonly port: number;
  readonly jwksUri: string;
  /** Number of requests so far, for any path. */
  readonly fetches: () => number;
  /** Replaces the published keys. */
  publish(...jwks: readonly unknown[]): void;
  /** Replaces the request handler. Undefined restores the default. */
  answerWith(handler: http.RequestListener | undefined): void;
  /** Refuses connections until `start` listens on the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts an identity provider that serves only a key set. */
export async function startIssuer(...jwks: readonly unknown[]): Promise<Issuer> {
  let keys = jwks;
  let fetches = 0;
  let port = 0;
  let special: http.RequestListener | undefined;
  let server: http.Server;
  const serve: http.RequestListener = (request, response) => {
    fetches += 1;
    if (special) special(request, response);
    else response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys }));
  };
  async function start(): Promise<void> {
    server = http.createServer(serve).listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  }
  await start();
  return {
    port,
    jwksUri: `http://127.0.0.1:${port}/jwks.json`,
    fetches: () => fetches,
    publish: (...next) => void (keys = next),
    answerWith: (handler) => void (special = handler),
    start,
    stop: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
