import type { Request } from 'express';
import type { ContactParts, ContactRef } from '../contact/read-contact.ts';
import type { Part } from '../contact/parts/index.ts';
import { AppError, isAppError } from '../errors.ts';
import { ifMatchHolds } from '../http/conditional.ts';
import { entityTag, entityTags } from '../http/content-coding.ts';
import { callerOf } from '../http/request-context.ts';
import type { Attempt } from '../idempotency/create-idempotency.ts';
import { parseIdempotencyKey } from '../idempotency/parse-idempotency-key.ts';
import { isJsonObject, type Json } from '../lib/json.ts';
import { hashOfParts } from './assemble.ts';
import { acknowledged, fenced, withOutcome } from './fenced.ts';
import { scopeNamed, type Result } from './operation.ts';
import { preferredParts, replayFor, withRepresentation } from './prefer.ts';
import { contactOf, readNow } from './read-contact-now.ts';
import { contactIdOf } from './read-request.ts';
import type { OperationServices } from './services.ts';

/** Returns the contact of the path, as the member of the token. */
export function refOf(req: Request): ContactRef {
  const { org, member } = callerOf(req);
  return { org, member, contact: contactIdOf(req) };
}

export interface Write {
  /** The operation's id, for the audit log. */
  readonly operation: string;
  /** The JSON of the request's body. */
  readonly json: Json;
  /** The contact that is changed; undefined if it does not exist yet. */
  readonly ref?: ContactRef;
  /** Returns the contact after the write, if `ref` is undefined. */
  readonly refAfter?: (result: Result) => ContactRef;
  readonly attempt: Attempt;
  /** Whether the attempt evaluates `If-Match`. */
  readonly isConditional?: boolean;
}

/**
 * Carries out a write once for each idempotency key, with an audit line. It goes on if the caller has gone.
 *
 * @throws AppError with `details.outcome`.
 */
export function performWrite(req: Request, services: OperationServices, write: Write): Promise<Result> {
  return services.writes.track(carryOut(req, services, write));
}

async function carryOut(req: Request, services: OperationServices, write: Write): Promise<Result> {
  refusePreconditions(req, write);
  const key = parseIdempotencyKey(req.get('idempotency-key'));
  const parts = preferredParts(req, services.settings.scopes);
  const confirming = withAcknowledgement(services, write);
  const attempt = parts ? represented(services, { ...write, attempt: confirming }, parts) : confirming;
  const line = { operation: write.operation, idempotencyKey: key };
  try {
    const result =
      key === undefined
        ? await attempt.execute(() => {})
        : await services.idempotency.run(
            {
              caller: callerOf(req),
              method: req.method,
              path: pathOf(req, write.ref),
              key,
              body: write.json,
            },
            attempt,
          );
    const isReplayed = result.headers.includes('Idempotency-Replayed');
    const contact = write.ref?.contact ?? contactIdIn(result);
    services.audit(req, { ...line, contact, outcome: isReplayed ? 'replayed' : 'done' });
    if (!isReplayed) return result;
    const refOf = () => write.ref ?? write.refAfter!(result);
    return replayFor(callerOf(req), services, { parts, refOf }, result);
  } catch (error) {
    const failure = explained(withOutcome(error, isAppError(error) ? 'none' : 'unknown'));
    const { code, details } = failure;
    services.audit(req, {
      ...line,
      contact: write.ref?.contact,
      outcome: details.replayed ? 'replayed' : (details.outcome ?? 'none'),
      code,
      ...(details.reason !== undefined && { upstreamCode: details.reason }),
    });
    // An unexpected error is logged with its stack by the error handler.
    throw isAppError(error) ? failure : error;
  }
}

/** @throws AppError `INVALID_REQUEST` if a precondition would be ignored, so that the write might undo another one. */
function refusePreconditions({ headers }: Request, { isConditional = false }: Write): void {
  if (headers['if-none-match'] === undefined && (headers['if-match'] === undefined || isConditional)) return;
  throw new AppError('INVALID_REQUEST', {
    detail: 'The only precondition of a write is If-Match, of PATCH /contacts/:id. Nothing was sent.',
  });
}

/** Returns the path with one spelling of the contact's id, whose letter case and encoding do not matter. */
function pathOf({ path }: Request, ref: ContactRef | undefined): string {
  const decoded = decodeURIComponent(path).replace(/\/$/, '');
  return ref ? decoded.replace(/^\/contacts\/[^/]+/i, `/contacts/${ref.contact}`) : decoded;
}

/** Returns the id in the result of a creation: that of `data`, or of the representation that replaced it. */
function contactIdIn({ value }: Result): string | undefined {
  const data = isJsonObject(value) ? value['data'] : undefined;
  const named = isJsonObject(data) && isJsonObject(data['contact']) ? data['contact'] : data;
  return isJsonObject(named) && typeof named['id'] === 'string' ? named['id'] : undefined;
}

/**
 * Returns the attempt with a promise for a write that was found to be carried out: its own fence has not ended
 * with one.
 */
function withAcknowledgement(services: OperationServices, { attempt, ref }: Write): Attempt {
  if (!attempt.reconcile || !ref) return attempt;
  return {
    ...attempt,
    async reconcile(prepared) {
      const result = await attempt.reconcile!(prepared);
      if (result) await acknowledged(async () => (await services.fence(ref.org, ref.contact)).open());
      return result;
    },
  };
}

/** Returns the attempt with the contact's representation as its result. */
function represented(services: OperationServices, write: Write, parts: readonly Part[]): Attempt {
  const { attempt, ref, refAfter } = write;
  const represent = (result: Result) => withRepresentation(services, ref ?? refAfter!(result), parts, result);
  return {
    ...attempt,
    execute: async (requireLease) => represent(await attempt.execute(requireLease)),
    ...(attempt.reconcile && {
      reconcile: async (prepared: Json) => {
        const result = await attempt.reconcile!(prepared);
        return result && represent(result);
      },
    }),
  };
}

/** The detail of CACHE_UNAVAILABLE if a write was refused because its contact could not be fenced or locked. */
export const NOT_SENT =
  'Redis is unreachable, so older data might be shown after the write. Nothing was sent; try again.';

/** Returns the error with the detail of a write. The default detail is that of an invalidation. */
function explained(error: AppError): AppError {
  const { code, details } = error;
  if (code !== 'CACHE_UNAVAILABLE' || details.outcome !== 'none' || details.detail !== undefined)
    return error;
  return new AppError(code, { ...details, detail: NOT_SENT, cause: error });
}

export interface ContactChange<T> {
  /** Whether `contacts:write:any` permits members other than the owner. */
  readonly allowAny: boolean;
  /** The `If-Match` of the request. */
  readonly ifMatch?: string | undefined;
  /** Calls the upstream. Errors have `details.outcome`. */
  readonly call: () => Promise<T>;
}

/**
 * Changes a contact that the member sees and owns, inside a fence: no cache shows data from before the change
 * after this has resolved.
 *
 * @throws AppError `CONTACT_NOT_FOUND`, `NOT_CONTACT_OWNER`, `PRECONDITION_FAILED`, `CACHE_UNAVAILABLE`, or the
 *   error of the call.
 */
export async function changeContact<T>(
  req: Request,
  services: OperationServices,
  ref: ContactRef,
  { allowAny, ifMatch, call }: ContactChange<T>,
): Promise<T> {
  // Before the fence, so that a member without permission cannot void the cache.
  const isAny = allowAny && mayWriteAny(req, services);
  const check = (found: ContactParts): void => {
    if (!isAny) requireOwner(found, ref.member);
    if (ifMatch !== undefined) requireMatch(found, ifMatch);
  };
  check(await readNow(services, ref));
  if (ifMatch === undefined) return fenced(services, ref, call);
  // The contact may have changed while this waited for its turn.
  const checkAgain = async () => check(await readNow(services, ref));
  return services.exclusively(ref.org, ref.contact, () => fenced(services, ref, call, checkAgain));
}

export function mayWriteAny(req: Request, { settings }: OperationServices): boolean {
  const scope = scopeNamed('writeAnyContact', settings);
  return scope !== undefined && callerOf(req).scopes.has(scope);
}

function requireOwner(found: ContactParts, member: string): void {
  const { owner } = contactOf(found);
  if (typeof owner !== 'string' || owner.toLowerCase() !== member) throw new AppError('NOT_CONTACT_OWNER');
}

/** Compares with the entity tags of `GET /contacts/:id` without includes, in every content coding. */
function requireMatch(found: ContactParts, ifMatch: string): void {
  const hash = hashOfParts({ contact: found.contact! });
  if (ifMatchHolds(ifMatch, entityTags(hash))) return;
  throw new AppError('PRECONDITION_FAILED', { etag: entityTag(hash, 'identity'), outcome: 'none' });
}
