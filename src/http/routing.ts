import type { RequestHandler, Router } from 'express';
import { AppError } from '../errors.ts';
import { scopeOf } from '../scope.ts';

/**
 * Serves a path with the methods that it has and refuses every other with 405, whoever asks.
 *
 * @param path Express's pattern, which is also the route's name in logs.
 */
export function serve(
  router: Router,
  path: string,
  methods: { readonly get?: readonly RequestHandler[]; readonly post?: readonly RequestHandler[] },
): void {
  const route = router.route(path);
  route.all((req, _res, next) => {
    scopeOf(req).route = path;
    next();
  });
  if (methods.get) route.get(...methods.get);
  if (methods.post) route.post(...methods.post);
  const allow = [...(methods.get ? ['GET', 'HEAD'] : []), ...(methods.post ? ['POST'] : [])].join(', ');
  route.all(() => {
    throw new AppError('METHOD_NOT_ALLOWED', { allow });
  });
}

export const routeNotFound: RequestHandler = () => {
  throw new AppError('ROUTE_NOT_FOUND');
};
