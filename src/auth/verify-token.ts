import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Caller } from '../contact/read-contact.ts';
import { parseUuid } from '../contact/uuid.ts';
import { AppError } from '../errors.ts';

/** A key and the algorithms of its family that it may verify. */
export interface TokenKey {
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<string>;
}

export interface TokenOptions {
  readonly keys: readonly TokenKey[];
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockToleranceS: number;
  /** Names of the claims that hold the organization's and the member's UUID. */
  readonly orgClaim: string;
  readonly memberClaim: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type VerifyToken = (token: string) => Caller;

const MAX_TOKEN_LENGTH = 8192;
const MAX_TEXT_LENGTH = 256;
const MAX_SCOPES = 256;

/**
 * Verifies a JWT (RFC 7519, RFC 8725) and reads the caller from it. The token chooses among the keys and
 * algorithms that were allowed at start; it brings neither.
 *
 * @throws AppError `EXPIRED_TOKEN`, or `INVALID_TOKEN` for every other fault, whose nature is not told.
 */
export function tokenVerifier(options: TokenOptions): VerifyToken {
  return function verifyToken(token) {
    if (token.length > MAX_TOKEN_LENGTH) throw new AppError('INVALID_TOKEN');
    const algorithm = readAlgorithm(token);
    const match = options.keys.find(({ algorithms }) => algorithms.has(algorithm));
    if (!match) throw new AppError('INVALID_TOKEN');
    return readCaller(verifySignature(token, match.key, algorithm, options), options);
  };
}

/** The protected header's `alg`, once the rest of the header is known to ask for nothing special. */
function readAlgorithm(token: string): string {
  const header = parseObject(token.split('.', 1)[0] ?? '');
  // RFC 7515 section 4.1.11: an extension that is not understood must be refused; none is.
  if (!header || 'crit' in header || 'b64' in header) throw new AppError('INVALID_TOKEN');
  const { alg, typ } = header;
  if (typ !== undefined && !isTokenType(typ)) throw new AppError('INVALID_TOKEN');
  if (typeof alg !== 'string') throw new AppError('INVALID_TOKEN');
  return alg;
}

/** RFC 7519 section 5.1 and RFC 9068 section 2.1, so that an ID or logout token of another type is refused. */
function isTokenType(typ: unknown): boolean {
  return typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ);
}

function verifySignature(token: string, key: KeyObject, algorithm: string, options: TokenOptions): Claims {
  try {
    return jwt.verify(token, key, {
      algorithms: [algorithm as jwt.Algorithm],
      clockTolerance: options.clockToleranceS,
      clockTimestamp: Math.floor(options.now() / 1000),
      ...(options.issuer !== undefined && { issuer: options.issuer }),
      ...(options.audience !== undefined && { audience: options.audience }),
    }) as unknown as Claims;
  } catch (cause) {
    // Anything may come out of here: a signature of the wrong length throws a TypeError.
    throw new AppError(cause instanceof jwt.TokenExpiredError ? 'EXPIRED_TOKEN' : 'INVALID_TOKEN', { cause });
  }
}

type Claims = Readonly<Record<string, unknown>>;

function readCaller(claims: Claims, options: TokenOptions): Caller {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new AppError('INVALID_TOKEN');
  const own = (name: string) => (Object.hasOwn(claims, name) ? claims[name] : undefined);
  const issuer = own('iss') ?? '';
  const subject = own('sub');
  const org = parseUuid(own(options.orgClaim));
  const member = parseUuid(own(options.memberClaim));
  if (
    !Number.isFinite(own('exp')) ||
    !bounded(issuer) ||
    !bounded(subject) ||
    subject === '' ||
    !org ||
    !member
  ) {
    throw new AppError('INVALID_TOKEN');
  }
  const scopes = new Set(
    ['scope', 'scp', 'permissions'].flatMap((name) => readScopes(own(name))).slice(0, MAX_SCOPES),
  );
  return { issuer, subject, org, member, scopes };
}

function bounded(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

/** Space-separated (RFC 8693 section 4.2) or a list, as identity providers differ. */
function readScopes(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
  if (Array.isArray(claim)) return claim.filter((scope) => typeof scope === 'string');
  return [];
}

function parseObject(base64url: string): Claims | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(base64url)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}
