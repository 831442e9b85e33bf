import type { Request } from 'express';
import type { Include, Part } from '../contact/parts/index.ts';
import type { Caller, ReadContact } from '../contact/read-contact.ts';
import { AppError } from '../errors.ts';
import { callerOf } from '../http/request-context.ts';
import type { Representation } from '../http/send-json.ts';
import type { JsonSchema } from '../lib/json-schema.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';

export interface ScopeSettings {
  /** Required for every read. */
  readonly read: string;
  /** Permits the request directives of `Cache-Control`. */
  readonly bypassCache: string;
  /** Required for an include in addition to `read`. */
  readonly includes: Partial<Record<Include, string>>;
}

/** The settings that change what the operations accept, and so their description. */
export interface OperationSettings {
  readonly scopes: ScopeSettings;
  readonly maxBatchSize: number;
}

/** The dependencies that the handlers of all operations share. */
export interface OperationServices {
  readonly settings: OperationSettings;
  readonly readContact: ReadContact;
  /** Contacts of one batch that are read at a time. */
  readonly batchParallelism: number;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicNow: () => number;
  /** Logs an error that is not an AppError and that does not fail the whole request. */
  readonly onUnexpected: (req: Request, error: unknown) => void;
}

/** The description of an operation for OpenAPI. */
export interface OperationDocs {
  readonly summary: string;
  readonly description: (settings: OperationSettings) => string;
  /** Names of shared parameters. Those of `fields[…]` follow from `parts`, and the common headers from the method. */
  readonly parameters: readonly string[];
  /** The parts that a response may have. */
  readonly parts: readonly Part[];
  readonly success: {
    readonly description: string;
    /** The members of the response. */
    readonly members: Readonly<Record<string, JsonSchema>>;
    readonly examples: JsonSchema;
  };
  /** Calls that throw the errors of an invalid request, so that the examples repeat the real messages. */
  readonly invalid: (settings: OperationSettings) => readonly (() => unknown)[];
  /** Whether errors of single contacts are listed in the response. */
  readonly batch?: true;
  /** The description of HEAD, which every GET supports, if it has an entry of its own. */
  readonly head?: { readonly id: string; readonly summary: string; readonly description: string };
}

interface OperationBase {
  /** The `operationId` of OpenAPI. */
  readonly id: string;
  readonly method: 'get';
  /** Express's pattern, which is also the route's name in logs and metrics. */
  readonly path: string;
  readonly docs: OperationDocs;
  /** The cost of a request in the rate limit; 1 if undefined. Called before `parse`, and never throws. */
  readonly cost?: (req: Request, settings: OperationSettings) => number;
}

export interface OperationDefinition<Input> extends OperationBase {
  /**
   * Returns what the scopes depend on. Everything else is parsed by `handle`, after the scopes are checked.
   *
   * @throws AppError with status 400 if the request is invalid.
   */
  parse(req: Request, settings: OperationSettings): Input;
  /** Returns the scopes that the token must hold. They are checked before anything is read. */
  scopes(input: Input, scopes: ScopeSettings): readonly string[];
  /** Takes the identity from `callerOf(req)` alone: the verified token. */
  handle(req: Request, input: Input, services: OperationServices): MaybePromise<Representation>;
}

/**
 * One operation of the public port: data and a handler. Its route, 405 and `Allow`, scopes, rate cost, CORS
 * methods, OpenAPI description and client types derive from it.
 */
export interface Operation extends OperationBase {
  /** @throws AppError `INSUFFICIENT_SCOPE`, or an error of `parse` or `handle`. */
  run(req: Request, services: OperationServices): MaybePromise<Representation>;
}

export function defineOperation<Input>(definition: OperationDefinition<Input>): Operation {
  return {
    ...definition,
    run(req, services) {
      const { settings } = services;
      const input = definition.parse(req, settings);
      requireScopes(callerOf(req), definition.scopes(input, settings.scopes));
      return definition.handle(req, input, services);
    },
  };
}

function requireScopes({ scopes: held }: Caller, required: readonly string[]): void {
  for (const scope of required) if (!held.has(scope)) throw insufficientScope(held, required);
}

function insufficientScope(held: ReadonlySet<string>, required: readonly string[]): AppError {
  const missing = required.filter((scope) => !held.has(scope)).join(' ');
  return new AppError('INSUFFICIENT_SCOPE', {
    requiredScope: missing,
    detail: `The token lacks the scope ${missing}.`,
  });
}
