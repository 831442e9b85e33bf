export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly id: string; readonly name: string }[];
}

export interface StoredNote {
  /** Undefined for the notes of the start, whose ids no response holds. */
  readonly id?: string;
  readonly maker: string;
  readonly content: string;
  readonly created: string;
  /** If true, only its author sees the note. */
  readonly private: boolean;
  /** If true, other owners of the contact may update the note. */
  readonly editable?: boolean;
}

export interface ContactRecord {
  readonly org: string;
  /** If true, only its owner sees the contact. */
  readonly hidden: boolean;
  readonly contact: Readonly<Record<string, unknown>>;
  readonly notes: readonly (StoredNote | Readonly<Record<string, unknown>>)[] | null;
  readonly entity: unknown;
  /** Undefined for the entities of the start, whose ids depend on their names. */
  readonly entityId?: string;
  /** Entries of the communication history, which no operation returns. */
  readonly activities?: readonly object[];
  readonly profile: unknown;
  readonly signals: unknown;
}

export function isStoredNote(note: object): note is StoredNote {
  return 'maker' in note;
}

/** Returns the current time as `YYYY-MM-DD HH:MM:SS` in UTC. */
export function upstreamTime(): string {
  return new Date().toISOString().slice(0, 19).replace('T', ' ');
}
