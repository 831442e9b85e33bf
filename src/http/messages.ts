import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import type { Express } from 'express';
import { headersOf } from '../scope.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** What a server makes of a connection, and what answers it. */
export interface Application {
  readonly handle: RequestListener;
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse<IncomingMessage>;
}

const SECURITY_BLOCK: readonly string[] = [...SECURITY_HEADERS].flat();

/** The headers of a call of writeHead, name and value by turns. */
function flat(headers: unknown): string[] {
  if (Array.isArray(headers)) return headers as string[];
  return typeof headers === 'object' && headers !== null ? (Object.entries(headers).flat() as string[]) : [];
}

/**
 * Classes of requests and responses that are Express's from the start, so that Express need not change the
 * prototype of each, which takes what the engine has learned of their shape.
 *
 * Every answer goes out with helmet's headers and with those that the steps left in the request's scope, all
 * in one block: set one by one they cost more than the rest of the way.
 */
export function messagesOf(app: Express): Omit<Application, 'handle'> {
  class Question extends IncomingMessage {}
  class Answer extends ServerResponse {
    override writeHead(status: number, ...rest: unknown[]): this {
      const block = SECURITY_BLOCK.concat(headersOf(this.req), flat(rest.at(-1)));
      if (this.getHeaderNames().length === 0) return super.writeHead(status, block);
      // Some step, or a package, set headers one by one: those stay as they are.
      for (let at = 0; at < block.length; at += 2)
        if (!this.hasHeader(block[at]!)) this.setHeader(block[at]!, block[at + 1]!);
      return super.writeHead(status);
    }
  }
  Object.setPrototypeOf(Question.prototype, app.request);
  Object.setPrototypeOf(Answer.prototype, app.response);
  Object.assign(app, { request: Question.prototype, response: Answer.prototype });
  return { IncomingMessage: Question, ServerResponse: Answer };
}
