import type { Request, RequestHandler, Response, Router } from 'express';
import { thenMaybe } from '../lib/maybe-promise.ts';
import { contextOf } from '../http/request-context.ts';
import { JSON_UTF8, respond } from '../http/respond.ts';
import { defineRoute, type Methods } from '../http/routing.ts';
import { sendJson, type SendJsonOptions } from '../http/send-json.ts';
import { contactFastPath } from './contact-fast-path.ts';
import type { Operation, Result } from './operation.ts';
import type { OperationServices } from './services.ts';
import type { OperationSettings } from './settings.ts';

export interface MountOptions {
  readonly services: OperationServices;
  readonly response: SendJsonOptions;
  /** Returns the middleware before the handler, outermost first. */
  readonly before: (operation: Operation) => readonly RequestHandler[];
}

/**
 * Defines the routes of the operations, with 405 for every other method of their paths.
 *
 * @returns the middleware that dispatches the reads of one contact without the router's search.
 */
export function mountOperations(
  router: Router,
  operations: readonly Operation[],
  options: MountOptions,
): RequestHandler {
  const fastPath = new Map<string, RequestHandler>();
  // The router takes the first match, so a literal path comes before a pattern that it matches.
  const literalFirst = operations.toSorted(
    (a, b) => Number(a.path.includes(':')) - Number(b.path.includes(':')),
  );
  for (const [path, ofPath] of Map.groupBy(literalFirst, ({ path }) => path)) {
    const methods: Methods = Object.fromEntries(
      ofPath.map((operation) => [
        operation.method,
        [...options.before(operation), handlerOf(operation, options)],
      ]),
    );
    const isWriteOnly = ofPath.every((operation) => operation.isWriteOnly);
    const serveGet = defineRoute(router, path, methods, { isWriteOnly });
    const suffix = /^\/contacts\/:id(.*)$/.exec(path)?.[1];
    if (suffix !== undefined && serveGet) fastPath.set(suffix, serveGet);
  }
  return contactFastPath(fastPath);
}

/** Creates the middleware that marks the requests that can change something, so that every error has an outcome. */
export function markWrites(operations: readonly Operation[]): RequestHandler {
  const isOfWrite = bodyTaker(operations.filter(isWrite));
  return function markWrite(req, _res, next) {
    if (isOfWrite(req)) contextOf(req).isWrite = true;
    next();
  };
}

function handlerOf(operation: Operation, { services, response }: MountOptions): RequestHandler {
  return function handleOperation(req, res) {
    return thenMaybe(operation.run(req, services), (reply) =>
      'body' in reply ? sendJson(req, res, reply, response) : sendResult(res, reply),
    );
  };
}

function sendResult(res: Response, { status, headers, value }: Result): void {
  const noStore = ['Cache-Control', 'no-store'];
  if (value === undefined) return respond(res, status, [...noStore, ...headers]);
  const body = Buffer.from(JSON.stringify(value));
  respond(res, status, ['Content-Type', JSON_UTF8, ...noStore, ...headers], body);
}

/** Returns the predicate for requests whose body an operation reads. */
export function bodyTaker(operations: readonly Operation[]): (req: Request) => boolean {
  const paths = Map.groupBy(
    operations.filter(({ body }) => body),
    ({ method }) => method.toUpperCase(),
  );
  const patterns = new Map(
    [...paths].map(([method, ofMethod]) => [method, ofMethod.map(({ path }) => patternOf(path))]),
  );
  return (req) => {
    const ofMethod = patterns.get(req.method);
    const path = ofMethod && pathOf(req);
    return path !== undefined && ofMethod!.some((pattern) => pattern.test(path));
  };
}

/** Returns the path as the router finds it, also of a target in absolute form; undefined if it is not a URL. */
function pathOf(req: Request): string | undefined {
  try {
    return req.path;
  } catch {
    return undefined;
  }
}

/** Converts Express's pattern, with its optional slash at the end. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}/?$`);
}

/** Returns the operations that the settings turn on. */
export function operationsOn(
  operations: readonly Operation[],
  settings: OperationSettings,
): readonly Operation[] {
  return operations.filter(({ isOn }) => isOn?.(settings) ?? true);
}

/** Returns what pages of other origins need for the operations: their methods, and HEAD, which every GET supports. */
export function corsNeedsOf(operations: readonly Operation[]) {
  return {
    methods: [...new Set(['GET', 'HEAD', ...operations.map(({ method }) => method.toUpperCase())])],
    hasBodies: operations.some(({ body }) => body),
    hasWrites: operations.some(isWrite),
  };
}

/** Returns whether an operation can change something. */
export function isWrite({ method, readOnly }: Pick<Operation, 'method' | 'readOnly'>): boolean {
  return method !== 'get' && readOnly !== true;
}

/** Returns the function for the cost of a request in the rate limit, or undefined if each costs 1. */
export function costOf({ cost }: Operation, settings: OperationSettings) {
  return cost && ((req: Request) => cost(req, settings));
}
