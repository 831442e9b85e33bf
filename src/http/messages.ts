import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import type { Express } from 'express';
import { headerLine, headerLinesOf, pageSchemeOf } from '../scope.ts';
import { JSON_HEADERS, PAGE_HEADERS, type SecurityHeaders } from './security-headers.ts';

/** The message classes and request listener passed to `http.createServer`. */
export interface Application {
  readonly handle: RequestListener;
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse<IncomingMessage>;
}

function linesOf(headers: Iterable<readonly [string, string]>): string {
  return [...headers].map(([name, value]) => headerLine(name, value)).join('');
}

interface SecurityLines {
  readonly headers: SecurityHeaders;
  readonly lines: string;
}

const prepare = (headers: SecurityHeaders): SecurityLines => ({ headers, lines: linesOf(headers) });
const JSON_LINES = prepare(JSON_HEADERS);
const PAGE_LINES = { http: prepare(PAGE_HEADERS.http), https: prepare(PAGE_HEADERS.https) };

/**
 * Returns helmet's header lines, without the headers that the response sets itself.
 *
 * @param own headers that Node is about to write: a flat array of names and values, or an object by name.
 */
function securityLines(request: object, own: unknown): string {
  const scheme = pageSchemeOf(request);
  const { headers, lines } = scheme === undefined ? JSON_LINES : PAGE_LINES[scheme];
  if (own === undefined || own === null || Array.isArray(own)) return lines;
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  return linesOf([...headers].filter(([name]) => !names.has(name.toLowerCase())));
}

declare module 'node:http' {
  interface OutgoingMessage {
    /** Node's internal method that serializes the status line and header of every response. */
    _storeHeader(firstLine: string, headers: unknown): void;
  }
}

/**
 * Creates request and response classes with Express's prototypes. perf: otherwise Express changes the prototype
 * of each message, which deoptimizes code that uses it.
 *
 * Every response has helmet's headers and the header lines of the request's scope. perf: they are serialized
 * already and are appended to the status line, because Node's checks of two dozen headers take longer than the
 * rest of a response.
 */
export function messagesOf(app: Express): Omit<Application, 'handle'> {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse {
    override _storeHeader(statusLine: string, headers: unknown): void {
      const lines = securityLines(this.req, headers) + headerLinesOf(this.req);
      super._storeHeader(statusLine + lines, headers);
    }
  }
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });
  const trial = new AppResponse(new AppRequest(new Socket()));
  trial.writeHead(204);
  if (!String((trial as unknown as { _header?: string })._header).includes(JSON_LINES.lines))
    throw new Error('This version of Node does not send the security headers. Use a supported version.');
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
