import type { RequestListener } from 'node:http';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { compose } from './routing.ts';
import { messagesOf, type MessageClasses } from './messages.ts';

/** The request listener and the message classes that `listen` passes to Node. */
export interface Application extends MessageClasses {
  readonly handle: RequestListener;
}

/**
 * Creates an Express router with the settings of both ports.
 *
 * @param trustProxy the number of proxies in front, or their addresses and ranges.
 */
export function createRouter(trustProxy: number | readonly string[]): Express {
  return express()
    .disable('x-powered-by')
    .disable('etag')
    .enable('case sensitive routing')
    .set('query parser', 'simple')
    .set('trust proxy', trustProxy);
}

/**
 * Composes an application.
 *
 * @param entry the middleware of every request, outermost first.
 * @param router the routes.
 * @param onError converts the errors of both to responses.
 */
export function createApplication(
  entry: readonly RequestHandler[],
  router: Express,
  onError: ErrorRequestHandler,
): Application {
  router.use(onError);
  const enter = compose(entry);
  return {
    ...messagesOf(router),
    handle(message, response) {
      const [req, res] = [message as Request, response as Response];
      enter(req, res, (error?: unknown) => {
        if (error === undefined) router(req, res);
        else void onError(error, req, res, () => res.destroy());
      });
    },
  };
}
