/** What the upstream takes in the body of every call. */
export interface UpstreamCredentials {
  readonly apiKey: string;
  readonly developerSecret: string;
}

/** One pair for every organization, or a pair for each of those that are named. */
export type CredentialSettings =
  | { readonly kind: 'one'; readonly credentials: UpstreamCredentials }
  | { readonly kind: 'by-org'; readonly byOrg: ReadonlyMap<string, UpstreamCredentials> };

/** Which credentials an organization's calls carry, and the name under which their faults are reported. */
export function credentialSource(settings: CredentialSettings) {
  return {
    of: (org: string): UpstreamCredentials | undefined =>
      settings.kind === 'one' ? settings.credentials : settings.byOrg.get(org),
    component: (org: string): string =>
      settings.kind === 'one' ? 'upstream' : `upstream of organization ${org}`,
    /** Every name that `component` gives for an organization that has credentials. */
    components: (): string[] =>
      settings.kind === 'one'
        ? ['upstream']
        : [...settings.byOrg.keys()].map((org) => `upstream of organization ${org}`),
  };
}
