import type { Request, RequestHandler, Response } from 'express';
import { INCLUDES, type Include, type Part } from '../contact/parts.ts';
import type { CacheOutcome, ContactQuery, Parts, ReadContact, ReadOptions } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callerOf, scopeOf, type RequestScope } from '../scope.ts';
import { assembleContact, hashOfParts, oldestFetch, selectFields } from './assemble.ts';
import { readBatch } from './batch.ts';
import { combineOutcomes } from './cache-headers.ts';
import { hashOf } from './content-coding.ts';
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
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Handlers that parse, read, assemble and send; each is behind authentication. */
export function contactRoutes(options: ContactRouteOptions) {
  const { readContact } = options;
  const parseIds = idsParser(options.maxBatchSize);

  function send(req: Request, res: Response, data: readonly Buffer[], found: Parts, fieldsets: Fieldsets) {
    const body = wrap(data);
    const contentHash = fieldsets.size === 0 ? hashOfParts(found) : hashOf(body);
    const { cache } = scopeOf(req);
    return sendJson(req, res, { body, contentHash, cache, fetchedAt: oldestFetch(found) }, options);
  }

  const getContact: RequestHandler = async (req, res) => {
    const asked = queryOf(req);
    const parts = parseInclude(asked);
    requireScopes(req, parts, options);
    const fieldsets = parseFieldsets(asked);
    const query = queryFor(req, parseContactId(req.params['id']), parts);
    const found = await readContact(query, readOptions(req, options));
    await send(req, res, assembleContact(found, fieldsets), found, fieldsets);
  };

  const getPart =
    (part: Include): RequestHandler =>
    async (req, res) => {
      requireScopes(req, [part], options);
      const fieldsets = parseFieldsets(queryOf(req));
      const query = queryFor(req, parseContactId(req.params['id']), [part]);
      const found = await readContact(query, readOptions(req, options));
      await send(req, res, [selectFields(found[part]!.bytes, fieldsets.get(part))], found, fieldsets);
    };

  const listContacts: RequestHandler = async (req, res) => {
    const asked = queryOf(req);
    const parts = parseInclude(asked);
    requireScopes(req, parts, options);
    const fieldsets = parseFieldsets(asked);
    const ids = parseIds(asked);
    const outcomes: CacheOutcome[] = [];
    const batch = await readBatch([...ids.keys()], options.batchParallelism, (id) =>
      readContact(
        queryFor(req, id, parts),
        readOptions(req, options, (outcome) => outcomes.push(outcome)),
      ),
    );
    const body: Buffer = batch.assemble(
      (found) => assembleContact(found, fieldsets),
      (id) => ids.get(id)!,
    );
    const combined = combineOutcomes(outcomes);
    if (combined) scopeOf(req).cache = combined;
    // A failure inside would be kept along with the rest.
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

/** Identity comes from the verified token alone. */
function queryFor(req: Request, contact: string, parts: readonly Part[]): ContactQuery {
  const { org, member } = callerOf(req);
  return { org, member, contact, parts };
}

/** @throws AppError `INSUFFICIENT_SCOPE`, before anything is read. */
function requireScopes(req: Request, parts: readonly Part[], { scopes }: ContactRouteOptions): void {
  const held = callerOf(req).scopes;
  const missing = held.has(scopes.read) ? [] : [scopes.read];
  for (const part of parts) {
    const needed = part === 'contact' ? undefined : scopes.includes[part];
    if (needed !== undefined && !held.has(needed)) missing.push(needed);
  }
  if (missing.length === 0) return;
  throw new AppError('INSUFFICIENT_SCOPE', {
    requiredScope: missing.join(' '),
    detail: `The token lacks the scope ${missing.join(' ')}.`,
  });
}

function readOptions(
  req: Request,
  { scopes }: ContactRouteOptions,
  onCacheOutcome?: (outcome: CacheOutcome) => void,
): ReadOptions {
  const scope = scopeOf(req);
  const asked = req.headers['cache-control'];
  const noCache = asked !== undefined && NO_CACHE.test(asked);
  return new ReadFor(scope, noCache && callerOf(req).scopes.has(scopes.bypassCache), onCacheOutcome);
}

/** A class, so that the signal, which few need, is not made before somebody asks for it. */
class ReadFor implements ReadOptions {
  readonly bypass: boolean;
  readonly onCacheOutcome: (outcome: CacheOutcome) => void;
  readonly #scope: RequestScope;

  constructor(scope: RequestScope, bypass: boolean, onCacheOutcome = takeOutcome(scope)) {
    this.#scope = scope;
    this.bypass = bypass;
    this.onCacheOutcome = onCacheOutcome;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }
}

function takeOutcome(scope: RequestScope): (outcome: CacheOutcome) => void {
  return (outcome) => {
    scope.cache = outcome;
  };
}

const NO_CACHE = /(?:^|,)\s*no-cache\s*(?:,|$)/i;

const OPEN = Buffer.from('{"data":');
const CLOSE = Buffer.from('}');

function wrap(pieces: readonly Buffer[]): Buffer {
  return Buffer.concat([OPEN, ...pieces, CLOSE]);
}
