import type { Response } from 'express';
import { contextOf, type RequestContext } from './request-context.ts';
import { JSON_HEADERS, PAGE_HEADERS, type SecurityHeaders } from './security-headers.ts';

/**
 * Bytes as a latin1 string, one character per byte. Concatenation copies nothing until the response is sent, and Node
 * sends a string in one write with the header, but a Buffer in a second one.
 */
export type Latin1String = string;

/** Header fields: names and values in turn, as `writeHead` takes them. */
export type HeaderList = readonly string[];

const flat = (headers: SecurityHeaders): HeaderList => [...headers].flat();
const JSON_SECURITY_LIST = flat(JSON_HEADERS);
const PAGE_SECURITY_LIST = { http: flat(PAGE_HEADERS.http), https: flat(PAGE_HEADERS.https) };

/**
 * Sends a response. Every response of both ports passes here: nothing else sets a header, except CORS, whose
 * library sets its own, and the server, which closes connections while it drains.
 *
 * @param headers the fields of this response. Security headers, `X-Request-Id`, `Vary` and the fields of the
 *   middleware are added to them.
 */
export function respond(
  res: Response,
  status: number,
  headers: HeaderList,
  body?: Latin1String | Buffer,
): void {
  const context = contextOf(res.req);
  const list = [
    ...(context.pageScheme === undefined ? JSON_SECURITY_LIST : PAGE_SECURITY_LIST[context.pageScheme]),
    'X-Request-Id',
    context.requestId,
    ...context.responseHeaders,
    ...headers,
  ];
  const vary = varyOf(res, context);
  if (vary !== '') list.push('Vary', vary);
  if (body !== undefined) list.push('Content-Length', String(body.length));
  res.writeHead(status, list);
  if (typeof body === 'string') res.end(body, 'latin1');
  else res.end(body);
}

export const JSON_UTF8 = 'application/json; charset=utf-8';

/** Sends a value as JSON that no cache stores. */
export function respondJson(res: Response, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  respond(res, status, ['Content-Type', JSON_UTF8, 'Cache-Control', 'no-store'], body);
}

/** Joins the names of the middleware with those that the CORS library has set. */
function varyOf(res: Response, { vary }: RequestContext): string {
  const set = res.getHeader('Vary');
  if (set === undefined) return vary;
  return vary === '' ? String(set) : `${String(set)}, ${vary}`;
}
