import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { AppError } from '../../errors.ts';
import { contextOf } from '../request-context.ts';
import { declaresTooLarge } from './protocol.ts';

export interface BodyLimits {
  /** Maximum size of a body that no operation reads. */
  readonly maxBodyBytes: number;
  /** Maximum size of the body of an operation. */
  readonly maxWriteBodyBytes: number;
}

/** Returns whether an operation reads the body of a request. */
export type TakesBody = (req: Request) => boolean;

/** Returns the function that returns the maximum size of a request's body. */
export function bodyLimit({ maxBodyBytes, maxWriteBodyBytes }: BodyLimits, takesBody: TakesBody) {
  return (req: Request): number => (takesBody(req) ? maxWriteBodyBytes : maxBodyBytes);
}

/** Rejects a body whose declared length is over the limit, before any of it is read. */
export function limitBody(limitOf: (req: Request) => number): RequestHandler {
  return function rejectLargeBody(req, _res, next) {
    if (declaresTooLarge(req, limitOf(req))) throw new AppError('CONTENT_TOO_LARGE');
    next();
  };
}

/**
 * Discards a body whose length is not declared, and rejects it when it exceeds the limit. An operation reads its
 * body later, when the caller is known.
 */
export function discardBody({ maxBodyBytes }: BodyLimits, takesBody: TakesBody): RequestHandler {
  async function discard(req: Request, res: Response, next: NextFunction): Promise<void> {
    try {
      await consume(req, res, maxBodyBytes, () => {});
    } catch (error) {
      return next(error);
    }
    next();
  }

  return function discardUnreadBody(req, res, next) {
    if (!isChunked(req) || takesBody(req)) return next();
    void discard(req, res, next);
  };
}

/** Receives a body into the request's context. The server's request timeout bounds the time. */
export function receiveBody(maxBytes: number): RequestHandler {
  return async function receiveThisBody(req, res, next) {
    // One buffer that grows, since a client chooses the number of chunks.
    let buffer = Buffer.alloc(0);
    let size = 0;
    await consume(req, res, maxBytes, (chunk) => {
      if (size + chunk.length > buffer.length) {
        const grown = Buffer.alloc(Math.min(maxBytes, 2 * (size + chunk.length)));
        buffer.copy(grown, 0, 0, size);
        buffer = grown;
      }
      size += chunk.copy(buffer, size);
    });
    contextOf(req).body = buffer.subarray(0, size);
    next();
  };
}

/** Whether the body's length is not declared. */
function isChunked({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined;
}

/** @throws AppError `CONTENT_TOO_LARGE` above `maxBytes`, `CLIENT_GONE` if the body does not arrive. */
function consume(
  req: Request,
  res: Response,
  maxBytes: number,
  take: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return take(chunk);
      req.pause();
      reject(new AppError('CONTENT_TOO_LARGE'));
      res.on('finish', () => req.destroy());
    });
    req.on('end', resolve);
    const gone = () => reject(new AppError('CLIENT_GONE'));
    // Without a listener an error would end the process.
    req.on('error', gone);
    req.on('close', gone);
    // Node has ended and destroyed a request without a body before its handler runs (optimizeEmptyRequests).
    if (req.readableEnded) resolve();
    else if (req.destroyed) gone();
  });
}
