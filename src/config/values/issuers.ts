import type { IssuerSettings } from '../../auth/trusted-issuers.ts';
import type { ConfigIssues } from '../config-issues.ts';
import { buildVerificationKeys, type KeyMaterial } from './jwt-keys.ts';
import { claimNames, parseIssuers, type IssuerDefaults } from './listed-issuers.ts';

const VARIABLE_OF = {
  secret: 'JWT_SECRET',
  publicKey: 'JWT_PUBLIC_KEY',
  jwksUri: 'JWT_JWKS_URI',
  algorithms: 'JWT_ALGORITHMS',
} as const satisfies Record<keyof KeyMaterial, string>;

interface IssuerInput extends IssuerDefaults {
  /** The issuer of the `JWT_…` variables. */
  readonly single: KeyMaterial & { readonly issuer: string | undefined };
  /** The value of `JWT_ISSUERS`. */
  readonly listed: string | undefined;
}

/** Returns the issuer of the `JWT_…` variables, if they are set, and those of `JWT_ISSUERS`. */
export function buildIssuers(input: IssuerInput, issues: ConfigIssues): IssuerSettings[] {
  const single = buildSingle(input, issues);
  const listed = input.listed === undefined ? [] : parseIssuers(input.listed, input, issues);
  if (!single) {
    const unusable = issues.hasAny('JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URI', 'JWT_ISSUERS');
    if (input.listed === undefined && !unusable) {
      issues.add('JWT_SECRET', 'or JWT_PUBLIC_KEY, JWT_JWKS_URI or JWT_ISSUERS is required to verify tokens');
    } else if (input.single.algorithms !== undefined && !unusable) {
      issues.add(
        'JWT_ALGORITHMS',
        'applies to JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URI; set algorithms in JWT_ISSUERS instead',
      );
    }
    return listed;
  }
  if (single.issuer !== undefined && listed.some(({ issuer }) => issuer === single.issuer)) {
    issues.add('JWT_ISSUERS', 'contains the issuer of JWT_ISSUER as well: configure it in one place');
  }
  return [single, ...listed];
}

function buildSingle(input: IssuerInput, issues: ConfigIssues): IssuerSettings | undefined {
  const { single, listed, audience, development } = input;
  const absent = !(single.secret ?? single.publicKey ?? single.jwksUri);
  if (absent && listed !== undefined) return undefined;
  const keys = buildVerificationKeys(single, (name, message) => issues.add(VARIABLE_OF[name], message));
  if (single.issuer === undefined && listed !== undefined) {
    issues.addMissing(
      'JWT_ISSUER',
      'is required together with JWT_ISSUERS: it names the issuer of the other JWT_ keys',
    );
  } else if (single.issuer === undefined && !development) {
    issues.addMissing('JWT_ISSUER', 'is required unless NODE_ENV is development');
  }
  if (audience === undefined && !development) {
    issues.addMissing('JWT_AUDIENCE', 'is required unless NODE_ENV is development');
  }
  if (absent) return undefined;
  return { ...keys, issuer: single.issuer, audience, claims: claimNames(input.claims, {}), tier: undefined };
}
