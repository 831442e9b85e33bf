import type { ContactFailure, ContactWith, Include, PartValue } from './contact-types.ts';
import type {
  CallOptions,
  ClientOptions,
  ContactOptions,
  RequestOptions,
  UpdateOptions,
  WriteOptions,
} from './options.ts';
import { ProblemError } from './problem-error.ts';
import { createSend } from './send.ts';
import type {
  Activity,
  ContactChanges,
  CreatedContact,
  Lookup,
  Member,
  NewContact,
  NoteInput,
  Preference,
  Written,
  WrittenNote,
} from './write-types.ts';

export { ProblemError };
export type * from './contact-types.ts';
export type * from './options.ts';
export type { RateLimit, ResponseInfo } from './response-info.ts';
export type * from './write-types.ts';

export interface Contacts<Includes extends readonly Include[]> {
  readonly data: ContactWith<Includes>[];
  /** The contacts that could not be read, in the order of `ids`. */
  readonly errors: ContactFailure[];
}

export type ContactsClient = ReturnType<typeof createClient>;

/** The maximum number of contacts in one request. */
const BATCH_SIZE = 50;

/**
 * Creates a client that reads and changes contacts through the proxy.
 *
 * Every method throws a `ProblemError` if the server returns an error. Without a response, it throws
 * the error of `fetch`: a `TimeoutError`, the abort reason of `signal`, or a `TypeError`.
 */
export function createClient(options: ClientOptions) {
  const send = createSend(options);

  function read<Result>(path: string, options: RequestOptions, query = ''): Promise<Result> {
    return send({ path: path + query, headers: cacheHeaders(options), options });
  }

  async function write<P extends Preference, Minimal>(
    method: string,
    path: string,
    body: unknown,
    options: UpdateOptions<P>,
  ): Promise<Written<P, Minimal>> {
    const headers: Record<string, string> = {
      'Idempotency-Key': quoted(options.idempotencyKey ?? randomKey()),
    };
    if (options.prefer !== undefined) headers['Prefer'] = `return=${options.prefer}`;
    if (options.ifMatch !== undefined) headers['If-Match'] = options.ifMatch;
    const result = await send<{ data: Written<P, Minimal> } | undefined>({
      method,
      path,
      headers,
      body,
      options,
    });
    return result?.data as Written<P, Minimal>;
  }

  return {
    /** Reads one contact. The result type has exactly the requested includes. */
    async getContact<const Includes extends readonly Include[] = []>(
      id: string,
      options: ContactOptions<Includes> = {},
    ): Promise<ContactWith<Includes>> {
      const found = await read<{ data: ContactWith<Includes> }>(contactPath(id), options, search(options));
      return found.data;
    },

    /** Reads one include alone. Resolves to null if the contact has no such data. */
    async getPart<P extends Include>(
      id: string,
      part: P,
      options: RequestOptions = {},
    ): Promise<PartValue<P>> {
      const path = `${contactPath(id)}/${part}`;
      const found = await read<{ data: PartValue<P> }>(path, options, search(options));
      return found.data;
    },

    /**
     * Reads any number of contacts, up to 50 per request, one request after the other. Each contact succeeds or
     * fails on its own, so check `errors`, too. The time-out applies to each request. If the server refuses a
     * request after the first one, `errors` has all contacts that were not read.
     */
    async getContacts<const Includes extends readonly Include[] = []>(
      ids: readonly string[],
      options: ContactOptions<Includes> = {},
    ): Promise<Contacts<Includes>> {
      const all: Contacts<Includes> = { data: [], errors: [] };
      const unique = distinct(ids).map((id) => required(id, 'contact'));
      for (let from = 0; from < unique.length; from += BATCH_SIZE) {
        const query = search(options, { ids: unique.slice(from, from + BATCH_SIZE).join(',') });
        try {
          const { data, errors } = await read<Contacts<Includes>>('/contacts', options, query);
          all.data.push(...data);
          all.errors.push(...errors);
        } catch (error) {
          if (from === 0 || !(error instanceof ProblemError && error.problem)) throw error;
          const { status, code, title } = error.problem;
          all.errors.push(...unique.slice(from).map((id) => ({ id, status, code, title })));
          break;
        }
      }
      return all;
    },

    /** Finds a contact by e-mail address, phone number or text. Resolves to null if there is none. */
    async lookupContact<const Includes extends readonly Include[] = []>(
      lookup: Lookup,
      options: ContactOptions<Includes> = {},
    ): Promise<ContactWith<Includes> | null> {
      const { data } = await send<{ data: ContactWith<Includes>[] }>({
        method: 'POST',
        path: `/contacts/lookup${search(options)}`,
        headers: cacheHeaders(options),
        body: lookup,
        options,
      });
      return data[0] ?? null;
    },

    /** Creates a contact. Throws `CONTACT_EXISTS` if it exists, unless `onExisting` is `update`. */
    createContact<P extends Preference = 'minimal'>(
      contact: NewContact,
      options: WriteOptions<P> = {},
    ): Promise<Written<P, CreatedContact>> {
      return write('POST', '/contacts', contact, options);
    },

    /** Changes fields of a contact and its company. Pass `ifMatch` to protect the changes of other users. */
    async updateContact<P extends Preference = 'minimal'>(
      id: string,
      changes: ContactChanges,
      options: UpdateOptions<P> = {},
    ): Promise<Written<P, undefined>> {
      return write('PATCH', contactPath(id), changes, options);
    },

    async addNote<P extends Preference = 'minimal'>(
      id: string,
      note: NoteInput,
      options: WriteOptions<P> = {},
    ): Promise<Written<P, WrittenNote>> {
      return write('POST', `${contactPath(id)}/notes`, note, options);
    },

    /** Replaces a note. Its id is in the result of `addNote`. */
    async updateNote<P extends Preference = 'minimal'>(
      id: string,
      noteId: string,
      note: NoteInput,
      options: WriteOptions<P> = {},
    ): Promise<Written<P, WrittenNote>> {
      return write('PUT', notePath(id, noteId), note, options);
    },

    /** Logs an activity. Activities cannot be read back. */
    async addActivity<P extends Preference = 'minimal'>(
      id: string,
      activity: Activity,
      options: WriteOptions<P> = {},
    ): Promise<Written<P, undefined>> {
      return write('POST', `${contactPath(id)}/activities`, activity, options);
    },

    /**
     * Reads the organization's members, whose ids are in `owner` and `maker`. Throws `ROUTE_NOT_FOUND` if the
     * operator has not set the brand of the organization.
     */
    async getMembers(options: CallOptions = {}): Promise<Member[]> {
      const { data } = await read<{ data: Member[] }>('/members', options);
      return data;
    },
  };
}

function contactPath(id: string): string {
  return `/contacts/${encodeURIComponent(required(id, 'contact'))}`;
}

function notePath(id: string, noteId: string): string {
  return `${contactPath(id)}/notes/${encodeURIComponent(required(noteId, 'note'))}`;
}

/** @throws TypeError if the id is empty: the path would be that of another operation. */
function required(id: string, name: string): string {
  if (id === '') throw new TypeError(`The ${name} id is empty.`);
  return id;
}

function cacheHeaders({ bypassCache }: RequestOptions): Record<string, string> {
  return bypassCache ? { 'Cache-Control': 'no-cache' } : {};
}

function search({ include, fields }: ContactOptions<readonly Include[]>, more?: { ids: string }): string {
  const query = new URLSearchParams(more);
  if (include && include.length > 0) query.set('include', include.join(','));
  for (const [part, names] of Object.entries(fields ?? {}))
    if (names) query.set(`fields[${part}]`, names.join(','));
  const text = query.toString();
  return text && `?${text}`;
}

/** Returns the ids without repetitions: a contact in two requests would be in the result twice. */
function distinct(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size < seen.add(id.toLowerCase()).size);
}

/** Returns 128 random bits. `crypto.randomUUID` is missing in pages over plain HTTP. */
function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** Returns the key as a string of structured fields (RFC 9651, section 3.3.3). */
function quoted(key: string): string {
  return JSON.stringify(key);
}
