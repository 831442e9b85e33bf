export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

export interface StoredNote {
  readonly maker: string;
  readonly content: string;
  readonly created: string;
  /** Seen by its maker only. */
  readonly private: boolean;
}

export interface ContactRecord {
  readonly org: string;
  /** Seen by its owner only. */
  readonly hidden: boolean;
  readonly contact: Readonly<Record<string, unknown>>;
  readonly notes: readonly (StoredNote | Readonly<Record<string, unknown>>)[] | null;
  readonly entity: unknown;
  readonly profile: unknown;
  readonly signals: unknown;
}
