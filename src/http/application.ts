import type { IncomingMessage, RequestListener } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { AppError } from '../errors.ts';
import { compose } from './routing.ts';
import { messagesOf, type MessageClasses } from './messages.ts';

/** The request listener and the message classes that `listen` passes to Node. */
export interface Application extends MessageClasses {
  readonly handle: RequestListener;
  /** Returns the maximum size of a request's body. */
  readonly bodyLimitOf: (req: IncomingMessage) => number;
}

/**
 * Creates an Express router with the settings of both ports.
 *
 * @param trustProxy the number of proxies in front, or their addresses and ranges.
 */
export function createRouter(trustProxy: number | readonly string[]): Express {
  return (
    express()
      .disable('x-powered-by')
      .disable('etag')
      .enable('case sensitive routing')
      // Without a limit on parameters, which would drop the last ones. The size of the target bounds them.
      .set('query parser', (text: string) => parseQuery(text, undefined, undefined, { maxKeys: 0 }))
      .set('trust proxy', trustProxy)
  );
}

export interface ApplicationOptions {
  /** The middleware of every request, outermost first. */
  readonly entry: readonly RequestHandler[];
  /** The routes. */
  readonly router: Express;
  /** Converts the errors of both to responses. */
  readonly onError: ErrorRequestHandler;
  readonly bodyLimitOf: (req: Request) => number;
}

/** Composes an application. */
export function createApplication({ entry, router, onError, bodyLimitOf }: ApplicationOptions): Application {
  router.use(onError);
  const enter = compose(entry);
  return {
    ...messagesOf(router),
    bodyLimitOf: (message) => bodyLimitOf(message as Request),
    handle(message, response) {
      const [req, res] = [message as Request, response as Response];
      const fail = (error: unknown): void => void onError(error, req, res, () => res.destroy());
      enter(req, res, (error?: unknown) => {
        if (error !== undefined) return fail(error);
        // Express calls this without an error, and without trying a route, if it cannot parse the target.
        router(req, res, (unhandled: unknown = noUrl()) => fail(unhandled));
      });
    },
  };
}

function noUrl(): AppError {
  return new AppError('INVALID_REQUEST', { detail: 'The request target is not a URL.' });
}
