import type { Request } from 'express';
import type { OperationScope } from '../contact/operation-scopes.ts';
import type { Part } from '../contact/parts/index.ts';
import type { Caller } from '../contact/read-contact.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { callerOf } from '../http/request-context.ts';
import type { HeaderList } from '../http/respond.ts';
import type { Method } from '../http/routing.ts';
import type { Representation } from '../http/send-json.ts';
import type { Json } from '../lib/json.ts';
import type { JsonSchema } from '../lib/json-schema.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import { parseBody, type BodyDefinition, type ParsedBody } from './body.ts';
import type { OperationServices } from './services.ts';
import type { OperationSettings, ScopeSettings } from './settings.ts';

/** A response that no cache stores: the outcome of a write, or a list. */
export interface Result {
  readonly status: number;
  readonly headers: HeaderList;
  /** Undefined without a body. */
  readonly value: Json | undefined;
}

/** A contact's representation, which is cached and has an entity tag, or a result. */
export type Reply = Representation | Result;

/** The codes that an operation returns only if its description lists them. */
export const OWN_ERROR_CODES = [
  'CONTACT_NOT_FOUND',
  'PRECONDITION_FAILED',
  'NOT_CONTACT_OWNER',
  'CONTACT_EXISTS',
  'UPSTREAM_REFUSED',
] as const satisfies readonly ErrorCode[];
export type OwnErrorCode = (typeof OWN_ERROR_CODES)[number];

/** The description of an operation for OpenAPI. */
export interface OperationDocs {
  readonly summary: string;
  readonly description: (settings: OperationSettings) => string;
  /** Names of shared parameters. Those of `fields[…]` follow from `parts`, and the common headers from the method. */
  readonly parameters: readonly string[];
  /** The parts that a response may have. */
  readonly parts: readonly Part[];
  /** The scope, if reads of contacts do not need it. */
  readonly scope?: OperationScope;
  readonly body?: { readonly example: unknown };
  readonly success: {
    /** Undefined: a representation with status 200 and an entity tag. */
    readonly status?: Result['status'];
    /** A further status of the same response. */
    readonly otherStatus?: number;
    readonly description: string;
    /** The members of the response; undefined without a body. */
    readonly members?: Readonly<Record<string, JsonSchema>>;
    readonly examples?: JsonSchema;
    /** Whether `Location` has the path of a created contact. */
    readonly hasLocation?: true;
  };
  /** The errors that not every operation of its kind returns. */
  readonly errors: readonly OwnErrorCode[];
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
  readonly method: Method;
  /** Express's pattern, which is also the route's name in logs and metrics. */
  readonly path: string;
  readonly docs: OperationDocs;
  /** Whether nothing but this operation exists under its path: other methods get a 404 in place of a 405. */
  readonly isWriteOnly?: true;
  /** Whether the operation changes nothing, although it takes a body. */
  readonly readOnly?: true;
  /** Whether the settings turn the operation on. Undefined: always. */
  readonly isOn?: (settings: OperationSettings) => boolean;
  /** The cost of a request in the rate limit; 1 if undefined. Called before `parse`, and never throws. */
  readonly cost?: (req: Request, settings: OperationSettings) => number;
}

export interface ReadDefinition<Input> extends OperationBase {
  readonly method: 'get';
  /**
   * Returns what the scopes depend on. Everything else is parsed by `handle`, after the scopes are checked.
   *
   * @throws AppError with status 400 if the request is invalid.
   */
  parse(req: Request, settings: OperationSettings): Input;
  /** Returns the scopes that the token must hold. They are checked before anything is read. */
  scopes(input: Input, scopes: ScopeSettings): readonly string[];
  /** Takes the identity from `callerOf(req)` alone: the verified token. */
  handle(req: Request, input: Input, services: OperationServices): MaybePromise<Reply>;
}

export interface BodyOperation<Body> extends OperationBase {
  readonly method: Exclude<Method, 'get'>;
  /** The scope that the token must hold. Without it in the settings, the operation is off. */
  readonly scope: OperationScope;
  readonly body: BodyDefinition<Body>;
  /** Takes the identity from `callerOf(req)` alone: the verified token. */
  handle(req: Request, input: ParsedBody<Body>, services: OperationServices): Promise<Result>;
}

/**
 * One operation of the public port: data and a handler. Its route, 405 and `Allow`, scopes, rate cost, body
 * limit, CORS methods, OpenAPI description and client types derive from it.
 */
export interface Operation extends OperationBase {
  readonly scope?: OperationScope;
  readonly body?: BodyDefinition<unknown>;
  /** @throws AppError `INSUFFICIENT_SCOPE`, or an error of the operation. */
  run(req: Request, services: OperationServices): MaybePromise<Reply>;
}

/** Defines an operation without a body. */
export function defineRead<Input>(definition: ReadDefinition<Input>): Operation {
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

/** Defines an operation with a JSON body. The scope is checked before the body is looked at. */
export function defineBodyOperation<Body>(definition: BodyOperation<Body>): Operation {
  const { scope, body, isOn = () => true } = definition;
  return {
    ...definition,
    isOn: (settings) => settings.writes && scopeNamed(scope, settings) !== undefined && isOn(settings),
    run(req, services) {
      requireScopes(callerOf(req), [scopeNamed(scope, services.settings)!]);
      return definition.handle(req, parseBody(req, body), services);
    },
  };
}

/** Returns the configured scope of an operation; undefined turns the operation off. */
export function scopeNamed(name: OperationScope, { scopes }: OperationSettings): string | undefined {
  return scopes.operations[name];
}

/** @throws AppError `INSUFFICIENT_SCOPE` that names the missing scopes. */
export function requireScopes({ scopes: held }: Caller, required: readonly string[]): void {
  for (const scope of required) if (!held.has(scope)) throw insufficientScope(held, required);
}

function insufficientScope(held: ReadonlySet<string>, required: readonly string[]): AppError {
  const missing = required.filter((scope) => !held.has(scope)).join(' ');
  return new AppError('INSUFFICIENT_SCOPE', {
    requiredScope: missing,
    detail: `The token lacks the scope ${missing}.`,
  });
}
