export interface Organization {
  readonly id: string;
  readonly members: readonly string[];
  /** Visible to every member; contacts with all parts come first. Excludes the documentation's contact. */
  readonly contacts: readonly string[];
  /** Visible to its owner only. */
  readonly hidden: { readonly id: string; readonly owner: string };
}

export interface Directory {
  readonly orgs: readonly Organization[];
  /** The documentation's contact, and a member who may see it. */
  readonly reference: { readonly org: string; readonly member: string; readonly contact: string };
}

export const REFERENCE_CONTACT = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';

/** The members of the control port's directory response that tests read. */
export interface DirectoryAnswer {
  readonly organizations: readonly {
    readonly id: string;
    readonly members: readonly { readonly id: string }[];
    readonly samples: Readonly<Record<string, readonly string[]>>;
    readonly hiddenContact: { readonly id: string; readonly owner: string };
  }[];
}

export function readDirectory(answer: DirectoryAnswer): Directory {
  const orgs: Organization[] = answer.organizations.map((org) => ({
    id: org.id,
    members: org.members.map((member) => member.id),
    contacts: [...new Set(Object.values(org.samples).flat())].filter((id) => id !== REFERENCE_CONTACT),
    hidden: org.hiddenContact,
  }));
  const [first] = orgs;
  if (!first?.members[0] || first.contacts.length < 50)
    throw new Error('the sandbox has fewer than 50 contacts');
  return { orgs, reference: { org: first.id, member: first.members[0], contact: REFERENCE_CONTACT } };
}
