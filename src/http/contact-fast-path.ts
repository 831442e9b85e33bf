import type { RequestHandler } from 'express';
import { parseUuid } from '../lib/uuid.ts';
import { scopeOf } from '../scope.ts';

const PREFIX = '/contacts/';
/** Where the id ends, which is a UUID. */
const END = PREFIX.length + 36;

/** By what follows the contact's id: nothing, or `/notes` and the like. */
export type ContactHandlers = ReadonlyMap<string, RequestHandler | undefined>;

/**
 * Takes the way to a contact that nearly all requests take, without looking through the routes for it. The
 * handlers are those of the routes; any other spelling is for the router to understand.
 */
export function contactFastPath(handlers: ContactHandlers): RequestHandler {
  return function takeContactLane(req, res, next) {
    const { method, url } = req;
    if ((method !== 'GET' && method !== 'HEAD') || !url.startsWith(PREFIX)) return next();
    const id = parseUuid(url.slice(PREFIX.length, END));
    const handler = id === undefined ? undefined : handlers.get(afterId(url));
    if (!handler) return next();
    scopeOf(req).contactId = id!;
    return handler(req, res, (error?: unknown) => next(error ?? new Error('a handler did not answer')));
  };
}

function afterId(url: string): string {
  if (url.length === END) return '';
  const query = url.indexOf('?', END);
  return query === -1 ? url.slice(END) : url.slice(END, query);
}
