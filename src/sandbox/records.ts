export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

export interface StoredNote {
  readonly maker: string;
  readonly content: string;
  readonly created: string;
  /** If true, only its author sees the note. */
  readonly private: boolean;
}

export interface ContactRecord {
  readonly org: string;
  /** If true, only its owner sees the contact. */
  readonly hidden: boolean;
  readonly contact: Readonly<Record<string, unknown>>;
  readonly notes: readonly (StoredNote | Readonly<Record<string, unknown>>)[] | null;
  readonly entity: unknown;
  readonly profile: unknown;
  readonly signals: unknown;
}
