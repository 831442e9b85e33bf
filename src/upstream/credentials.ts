/** The secrets of the account. Calls carry them in the body. */
export interface UpstreamCredentials {
  readonly apiKey: string;
  readonly developerSecret: string;
}

/**
 * The credentials that an operation takes. The upstream checks the address of a call only if the call carries the
 * developer secret, because the allowlist belongs to the secret.
 */
export type RequiredCredentials = 'key and secret' | 'key' | 'secret' | 'none';

const KEY = ['MISSING_API_KEY', 'INVALID_API_KEY'];
const SECRET = ['MISSING_DEVELOPER_SECRET', 'INVALID_DEVELOPER_SECRET', 'IP_NOT_WHITELISTED'];

/**
 * The access refusals, by upstream code, of operations that take a part of the credentials. `subjectTo`: an
 * operation can get them. `disproves`: its success shows that the upstream does not refuse for this reason any
 * more. The account is not documented to be active after a success with the key alone, and the secret is not
 * compared with the key's account if it is sent alone.
 */
const PARTIAL: Readonly<
  Record<
    Exclude<RequiredCredentials, 'key and secret'>,
    { readonly subjectTo: readonly string[]; readonly disproves: readonly string[] }
  >
> = {
  key: { subjectTo: [...KEY, 'USER_INACTIVE'], disproves: KEY },
  secret: { subjectTo: SECRET, disproves: ['MISSING_DEVELOPER_SECRET', 'IP_NOT_WHITELISTED'] },
  none: { subjectTo: [], disproves: [] },
};
const ACCESS_CODES: ReadonlySet<string> = new Set([...KEY, ...SECRET, 'USER_INACTIVE']);

/** Returns whether the upstream can refuse a call with these credentials for the reason, an upstream code. */
export function isSubjectTo(credentials: RequiredCredentials, reason: string | undefined): boolean {
  return credentials === 'key and secret' || PARTIAL[credentials].subjectTo.includes(reason ?? '');
}

/** Returns whether a success with these credentials shows that a fault, by upstream or error code, has ended. */
export function disproves(credentials: RequiredCredentials, reason: string): boolean {
  if (credentials === 'key and secret' || !ACCESS_CODES.has(reason)) return true;
  return PARTIAL[credentials].disproves.includes(reason);
}

/** One pair for all organizations, or one pair for each listed organization. */
export type CredentialSettings =
  | { readonly kind: 'one'; readonly credentials: UpstreamCredentials }
  | { readonly kind: 'by-org'; readonly byOrg: ReadonlyMap<string, UpstreamCredentials> };

/** Creates the lookup of an organization's credentials, and of the name under which their faults are reported. */
export function credentialSource(settings: CredentialSettings) {
  return {
    of: (org: string): UpstreamCredentials | undefined =>
      settings.kind === 'one' ? settings.credentials : settings.byOrg.get(org),
    component: (org: string): string =>
      settings.kind === 'one' ? 'upstream' : `upstream of organization ${org}`,
    /** Returns all names that `component` returns for organizations with credentials. */
    components: (): string[] =>
      settings.kind === 'one'
        ? ['upstream']
        : [...settings.byOrg.keys()].map((org) => `upstream of organization ${org}`),
  };
}
