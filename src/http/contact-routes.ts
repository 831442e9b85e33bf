import type { Request, RequestHandler, Response } from 'express';
import { contentHash } from '../lib/content-hash.ts';
import { thenMaybe } from '../lib/maybe-promise.ts';
import { INCLUDES, type Include, type Part } from '../contact/parts/index.ts';
import type {
  CacheOutcome,
  ContactQuery,
  ContactParts,
  ReadContact,
  ReadOptions,
} from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callerOf, contextOf, type RequestContext } from './request-context.ts';
import type { Log } from '../telemetry/log.ts';
import { assembleContact, hashOfParts, oldestFetch, selectFields, type Latin1String } from './assemble.ts';
import { readBatch } from './batch.ts';
import { NO_DIRECTIVES, parseCacheDirectives, type CacheDirectives } from './cache-directives.ts';
import { combineOutcomes } from './cache-headers.ts';
import { logUnexpected } from './error-response.ts';
import {
  idsParser,
  parseContactId,
  parseFieldsets,
  parseInclude,
  queryOf,
  type Fieldsets,
} from './parse-query.ts';
import { sendJson } from './send-json.ts';

export interface ContactRouteOptions {
  readonly readContact: ReadContact;
  readonly scopes: {
    readonly read: string;
    readonly bypassCache: string;
    readonly includes: Partial<Record<Include, string>>;
  };
  readonly maxBatchSize: number;
  readonly batchParallelism: number;
  readonly compressFromBytes: number;
  readonly clientMaxAgeS: number;
  readonly log: Log;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Creates the handlers that parse, read, assemble and send. Each one requires authentication before it. */
export function contactRoutes(options: ContactRouteOptions) {
  const { readContact } = options;
  const parseIds = idsParser(options.maxBatchSize);

  function send(req: Request, res: Response, data: Latin1String, found: ContactParts, fieldsets: Fieldsets) {
    const body = `{"data":${data}}`;
    const hash = fieldsets.size === 0 ? hashOfParts(found) : hashOf(body);
    const { cache } = contextOf(req);
    return sendJson(req, res, { body, contentHash: hash, cache, fetchedAt: oldestFetch(found) }, options);
  }

  const getContact: RequestHandler = (req, res) => {
    const params = queryOf(req);
    const parts = parseInclude(params);
    requireScopes(req, parts, options);
    const fieldsets = parseFieldsets(params);
    const query = queryFor(req, contactIdOf(req), parts);
    return thenMaybe(readContact(query, readOptions(req, options)), (found) =>
      send(req, res, assembleContact(found, fieldsets), found, fieldsets),
    );
  };

  const getPart = (part: Include): RequestHandler => {
    const parts = [part];
    return (req, res) => {
      requireScopes(req, parts, options);
      const fieldsets = parseFieldsets(queryOf(req));
      const query = queryFor(req, contactIdOf(req), parts);
      return thenMaybe(readContact(query, readOptions(req, options)), (found) =>
        send(req, res, selectFields(found[part]!.bytes, fieldsets.get(part)), found, fieldsets),
      );
    };
  };

  const listContacts: RequestHandler = async (req, res) => {
    const params = queryOf(req);
    const parts = parseInclude(params);
    requireScopes(req, parts, options);
    const fieldsets = parseFieldsets(params);
    const ids = parseIds(params);
    const outcomes: CacheOutcome[] = [];
    const readOne = (id: string) =>
      readContact(
        queryFor(req, id, parts),
        readOptions(req, options, (outcome) => outcomes.push(outcome)),
      );
    const batch = await readBatch([...ids.keys()], options.batchParallelism, readOne, (error) =>
      logUnexpected(options.log, contextOf(req), error),
    );
    const body = batch.assemble(
      (found) => assembleContact(found, fieldsets),
      (id) => ids.get(id)!,
    );
    const combined = combineOutcomes(outcomes);
    if (combined) contextOf(req).cache = combined;
    // Clients must not keep a batch that contains an error.
    const cache = combined && batch.failed ? { ...combined, ttlS: Math.min(combined.ttlS, 0) } : combined;
    await sendJson(
      req,
      res,
      { body, contentHash: hashOf(body), cache, fetchedAt: batch.fetchedAt(oldestFetch) ?? options.now() },
      options,
    );
  };

  return { getContact, listContacts, parts: INCLUDES.map((part) => ({ part, getPart: getPart(part) })) };
}

/** @throws AppError `INVALID_CONTACT_ID` if the id is not a UUID. */
function contactIdOf(req: Request): string {
  return contextOf(req).contactId ?? parseContactId(req.params['id']);
}

/** Takes the identity from the verified token only. */
function queryFor(req: Request, contact: string, parts: readonly Part[]): ContactQuery {
  const { org, member } = callerOf(req);
  return { org, member, contact, parts };
}

/** @throws AppError `INSUFFICIENT_SCOPE` if the token lacks a scope. Checked before anything is read. */
function requireScopes(req: Request, parts: readonly Part[], { scopes }: ContactRouteOptions): void {
  const held = callerOf(req).scopes;
  let missing = held.has(scopes.read) ? '' : scopes.read;
  for (const part of parts) {
    const needed = part === 'contact' ? undefined : scopes.includes[part];
    if (needed !== undefined && !held.has(needed)) missing += missing === '' ? needed : ` ${needed}`;
  }
  if (missing === '') return;
  throw new AppError('INSUFFICIENT_SCOPE', {
    requiredScope: missing,
    detail: `The token lacks the scope ${missing}.`,
  });
}

function readOptions(
  req: Request,
  { scopes }: ContactRouteOptions,
  onCacheOutcome?: (outcome: CacheOutcome) => void,
): ReadOptions {
  const header = req.headers['cache-control'];
  const obeyed = header !== undefined && callerOf(req).scopes.has(scopes.bypassCache);
  const directives = obeyed ? parseCacheDirectives(header) : NO_DIRECTIVES;
  return new ReadFor(contextOf(req), directives, onCacheOutcome);
}

/** perf: a class with a getter, because few reads need the abort signal. */
class ReadFor implements ReadOptions {
  readonly bypass: boolean;
  readonly noStore: boolean;
  readonly #context: RequestContext;
  readonly #onOutcome: ((outcome: CacheOutcome) => void) | undefined;

  constructor(
    context: RequestContext,
    { noCache, noStore }: CacheDirectives,
    onOutcome: ((outcome: CacheOutcome) => void) | undefined,
  ) {
    this.#context = context;
    this.bypass = noCache;
    this.noStore = noStore;
    this.#onOutcome = onOutcome;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  onCacheOutcome(outcome: CacheOutcome): void {
    if (this.#onOutcome) this.#onOutcome(outcome);
    else this.#context.cache = outcome;
  }
}

function hashOf(body: Latin1String): string {
  return contentHash(Buffer.from(body, 'latin1'));
}
