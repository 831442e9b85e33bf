import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

const CONTINUE = /^100-continue$/i;

/** Refuses HTTP versions other than 1.x, and expectations other than `100-continue` (RFC 9110 section 10.1.1). */
export function checkProtocol(): RequestHandler {
  return function refuseUnsupportedProtocol(req, _res, next) {
    const { expect } = req.headers;
    if (req.httpVersionMajor !== 1) {
      throw new AppError('INVALID_REQUEST', { status: 505, detail: 'The server supports HTTP/1.1.' });
    }
    if (expect !== undefined && req.httpVersionMinor > 0 && !CONTINUE.test(expect)) {
      throw new AppError('INVALID_REQUEST', {
        status: 417,
        detail: 'The only supported expectation is 100-continue.',
      });
    }
    next();
  };
}

/** Whether to ask for the body: not if its declared length already is over the limit. */
export function wantsContinue(req: IncomingMessage, maxBodyBytes: number): boolean {
  return CONTINUE.test(req.headers.expect ?? '') && !declaresTooLarge(req, maxBodyBytes);
}

/** Whether the declared length of the body is over the limit. */
export function declaresTooLarge(req: IncomingMessage, maxBytes: number): boolean {
  const declared = req.headers['content-length'];
  return declared !== undefined && Number(declared) > maxBytes;
}
