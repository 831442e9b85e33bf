import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';

const CONTINUE = /^100-continue$/i;

/** Rejects HTTP versions other than 1.x, and expectations other than `100-continue` (RFC 9110 section 10.1.1). */
export function checkProtocol(): RequestHandler {
  return function rejectUnsupportedProtocol(req, _res, next) {
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

/** Returns whether to send 100 (Continue). It is not sent if the declared length of the body is over the limit. */
export function wantsContinue(req: IncomingMessage, maxBodyBytes: number): boolean {
  return CONTINUE.test(req.headers.expect ?? '') && !declaresTooLarge(req, maxBodyBytes);
}

/** Returns whether the declared length of the body is over the limit. */
export function declaresTooLarge(req: IncomingMessage, maxBytes: number): boolean {
  const declared = req.headers['content-length'];
  return declared !== undefined && Number(declared) > maxBytes;
}
