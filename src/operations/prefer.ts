import type { Request } from 'express';
import { isPart, type Part } from '../contact/parts/index.ts';
import type { Caller, ContactRef } from '../contact/read-contact.ts';
import { isAppError } from '../errors.ts';
import { listElements } from '../http/header-list.ts';
import { callerOf } from '../http/request-context.ts';
import { fieldValues } from '../lib/raw-headers.ts';
import type { WriteResult } from '../idempotency/record.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import { assembleContact } from './assemble.ts';
import { requireScopes } from './operation.ts';
import { NO_FIELDSETS, parseInclude, queryOf } from './parse-query.ts';
import { readNow } from './read-contact-now.ts';
import { readScopes } from './read-request.ts';
import type { OperationServices } from './services.ts';
import type { ScopeSettings } from './settings.ts';

/** The name of a preference and its value, which may be quoted (RFC 7240 section 2). Parameters follow a `;`. */
const PREFERENCE = /^([^\s=;"]+)[ \t]*(?:=[ \t]*(?:"([^"]*)"|([^\s;"]+))[ \t]*)?(?:;|$)/;

/** Returns the value of the preference `return`. If it is repeated, only the first instance counts. */
function returnPreference(req: Request): string | undefined {
  for (const element of listElements(fieldValues(req, 'prefer').join(','))) {
    const [, name, quoted, token] = PREFERENCE.exec(element) ?? [];
    if (name?.toLowerCase() === 'return') return (quoted ?? token)?.toLowerCase();
  }
  return undefined;
}

/**
 * Returns the parts of the representation that `Prefer: return=representation` asks for, or undefined.
 *
 * @throws AppError `INVALID_INCLUDE` if an include is unknown, `INSUFFICIENT_SCOPE` if the caller may not read.
 */
export function preferredParts(req: Request, scopes: ScopeSettings): readonly Part[] | undefined {
  if (returnPreference(req) !== 'representation') return undefined;
  const parts = parseInclude(queryOf(req));
  requireScopes(callerOf(req), readScopes(parts, scopes));
  return parts;
}

/**
 * Replaces the value of a successful write by the current contact, as the member sees it. If it cannot be read,
 * returns the result itself, because the write succeeded. A 204 becomes a 200, since it has a body.
 */
export async function withRepresentation(
  services: OperationServices,
  ref: ContactRef,
  parts: readonly Part[],
  result: WriteResult,
): Promise<WriteResult> {
  try {
    const found = await readNow(services, ref, parts);
    return {
      status: result.status === 204 ? 200 : result.status,
      headers: [...result.headers, 'Preference-Applied', 'return=representation'],
      value: {
        data: parseJson(Buffer.from(assembleContact(found, NO_FIELDSETS), 'latin1').toString('utf8')),
      },
      plain: result,
    };
  } catch (error) {
    if (isAppError(error)) return result;
    throw error;
  }
}

export interface Replay {
  /** The parts of the representation that this request prefers. */
  readonly parts: readonly Part[] | undefined;
  /** Returns the contact of the result. */
  readonly refOf: () => ContactRef;
}

/**
 * Returns the result of an earlier request for a repeat of it. A representation that was too large to be kept is
 * made again. A repeat whose token may not read the representation gets the result without it.
 */
export async function replayFor(
  caller: Caller,
  services: OperationServices,
  { parts, refOf }: Replay,
  result: WriteResult,
): Promise<WriteResult> {
  const { isShortened, plain } = result;
  if (isShortened && parts) return withRepresentation(services, refOf(), parts, result);
  if (!plain) return result;
  const required = readScopes(partsIn(result), services.settings.scopes);
  return required.every((scope) => caller.scopes.has(scope)) ? result : plain;
}

/** Returns the parts of a result's representation. */
function partsIn({ value }: WriteResult): readonly Part[] {
  const data = isJsonObject(value) ? value['data'] : undefined;
  return isJsonObject(data) ? Object.keys(data).filter((name) => isPart(name)) : [];
}
