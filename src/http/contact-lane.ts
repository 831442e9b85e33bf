import type { RequestHandler } from 'express';
import type { Include } from '../contact/parts.ts';

/** A path that is written as plainly as clients do; any other spelling is for the router to understand. */
const PLAIN_PATH = /^\/contacts\/([\w-]+)(?:\/([a-z]+))?(?:$|\?)/;

/** By what follows the contact's id: the route of the contact itself has nothing there. */
export type ContactHandlers = ReadonlyMap<Include | undefined, RequestHandler | undefined>;

/**
 * Takes the way to a contact that nearly all requests take, without looking through the routes for it. The
 * handlers are those of the routes.
 */
export function contactLane(handlers: ContactHandlers): RequestHandler {
  return function takeContactLane(req, res, next) {
    const [, id, part] = (isRead(req.method) && PLAIN_PATH.exec(req.url)) || [];
    const handler = id === undefined ? undefined : handlers.get(part as Include | undefined);
    if (!handler) return next();
    req.params = { id: id! };
    return handler(req, res, (error?: unknown) => next(error ?? new Error('a handler did not answer')));
  };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
