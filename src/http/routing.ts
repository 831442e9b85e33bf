import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import { AppError } from '../errors.ts';
import { contextOf } from './request-context.ts';

/** The middleware and handler of each method. */
export type Methods = { readonly [M in Method]?: readonly RequestHandler[] };

const METHODS = ['get', 'post', 'put', 'patch'] as const;
export type Method = (typeof METHODS)[number];

/** Composes middleware into one handler. Errors, thrown or rejected, go to `next`. */
export function compose(steps: readonly RequestHandler[]): RequestHandler {
  return function runInOrder(req, res, next) {
    let at = 0;
    const advance: NextFunction = (error?: unknown) => {
      if (error !== undefined && error !== null) return next(error);
      const step = steps[at];
      if (!step) return next();
      at += 1;
      return run(step, req, res, advance, next);
    };
    advance();
  };
}

function run(
  step: RequestHandler,
  req: Request,
  res: Response,
  advance: NextFunction,
  fail: NextFunction,
): void {
  try {
    const pending: unknown = step(req, res, advance);
    if (pending instanceof Promise) pending.catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Composes the handlers of a route, and records the route's name for logs and metrics first. */
function routeHandlers(name: string, steps: readonly RequestHandler[]): RequestHandler {
  return compose([
    function nameRoute(req, _res, next) {
      contextOf(req).route = name;
      next();
    },
    ...steps,
  ]);
}

/**
 * Defines a route with these methods. Rejects every other method with 405, also without authentication.
 *
 * @param path Express's pattern, which is also the route's name in logs.
 * @param options.isWriteOnly answers every other method as if the path did not exist: nothing can be read there.
 * @returns the GET handler, for callers that bypass the router.
 */
export function defineRoute(
  router: Router,
  path: string,
  methods: Methods,
  options: { readonly isWriteOnly?: boolean } = {},
): RequestHandler | undefined {
  const route = router.route(path);
  const serveGet = methods.get && routeHandlers(path, methods.get);
  const allowed: string[] = [];
  for (const method of METHODS) {
    const steps = methods[method];
    if (!steps) continue;
    route[method](method === 'get' ? serveGet! : routeHandlers(path, steps));
    allowed.push(...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  }
  const allow = allowed.join(', ');
  const refuse: RequestHandler = () => {
    if (options.isWriteOnly) throw new AppError('ROUTE_NOT_FOUND');
    throw new AppError('METHOD_NOT_ALLOWED', { allow });
  };
  route.all(routeHandlers(path, [refuse]));
  return serveGet;
}

export const routeNotFound: RequestHandler = () => {
  throw new AppError('ROUTE_NOT_FOUND');
};
