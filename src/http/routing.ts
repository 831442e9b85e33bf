import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import { AppError } from '../errors.ts';
import { scopeOf } from '../scope.ts';

export interface Methods {
  readonly get?: readonly RequestHandler[];
  readonly post?: readonly RequestHandler[];
}

/** Steps as one: each goes on to the next, and whatever one throws goes to whoever runs them. */
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

/** The steps of a route, the first of which names it for logs and metrics. */
export function routeHandlers(name: string, steps: readonly RequestHandler[]): RequestHandler {
  return compose([
    function nameRoute(req, _res, next) {
      scopeOf(req).route = name;
      next();
    },
    ...steps,
  ]);
}

/**
 * Serves a path with the methods that it has and refuses every other with 405, whoever asks.
 *
 * @param path Express's pattern, which is also the route's name in logs.
 * @returns what serves GET, for whoever needs no router to find it.
 */
export function defineRoute(
  router: Router,
  path: string,
  { get, post }: Methods,
): RequestHandler | undefined {
  const route = router.route(path);
  const serveGet = get && routeHandlers(path, get);
  if (serveGet) route.get(serveGet);
  if (post) route.post(routeHandlers(path, post));
  const allow = [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])].join(', ');
  const refuse: RequestHandler = () => {
    throw new AppError('METHOD_NOT_ALLOWED', { allow });
  };
  route.all(routeHandlers(path, [refuse]));
  return serveGet;
}

export const routeNotFound: RequestHandler = () => {
  throw new AppError('ROUTE_NOT_FOUND');
};
