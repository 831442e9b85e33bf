import type { RequestHandler, Router } from 'express';
import { thenMaybe } from '../lib/maybe-promise.ts';
import { contactFastPath } from '../http/contact-fast-path.ts';
import { defineRoute, type Methods } from '../http/routing.ts';
import { sendJson, type SendJsonOptions } from '../http/send-json.ts';
import type { Operation, OperationServices } from './operation.ts';

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
  for (const [path, ofPath] of Map.groupBy(operations, ({ path }) => path)) {
    const methods: Methods = Object.fromEntries(
      ofPath.map((operation) => [
        operation.method,
        [...options.before(operation), handlerOf(operation, options)],
      ]),
    );
    const serveGet = defineRoute(router, path, methods);
    const suffix = /^\/contacts\/:id(.*)$/.exec(path)?.[1];
    if (suffix !== undefined && serveGet) fastPath.set(suffix, serveGet);
  }
  return contactFastPath(fastPath);
}

function handlerOf(operation: Operation, { services, response }: MountOptions): RequestHandler {
  return function handleOperation(req, res) {
    return thenMaybe(operation.run(req, services), (representation) =>
      sendJson(req, res, representation, response),
    );
  };
}

/** Returns the methods of all operations, and HEAD, which every GET supports. */
export function methodsOf(operations: readonly Operation[]): readonly string[] {
  return [...new Set(['GET', 'HEAD', ...operations.map(({ method }) => method.toUpperCase())])];
}
