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

/**
 * Rejects a body over the limit: at once if its length is declared, otherwise when the limit is exceeded.
 * Discards the body unless an operation reads it later, when the caller is known.
 *
 * @param takesBody returns whether an operation reads the body of a request.
 */
export function limitBody(
  { maxBodyBytes, maxWriteBodyBytes }: BodyLimits,
  takesBody: (req: Request) => boolean,
): RequestHandler {
  async function discard(req: Request, res: Response, next: NextFunction): Promise<void> {
    try {
      await consume(req, res, maxBodyBytes, () => {});
    } catch (error) {
      return next(error);
    }
    next();
  }

  return function rejectLargeBody(req, res, next) {
    if (takesBody(req)) {
      if (declaresTooLarge(req, maxWriteBodyBytes)) throw new AppError('CONTENT_TOO_LARGE');
      return next();
    }
    if (declaresTooLarge(req, maxBodyBytes)) throw new AppError('CONTENT_TOO_LARGE');
    if (!isChunked(req)) return next();
    void discard(req, res, next);
  };
}

/** Receives the body of an operation into the request's context. The server's request timeout bounds the time. */
export function receiveBody({ maxWriteBodyBytes }: BodyLimits): RequestHandler {
  return async function receiveThisBody(req, res, next) {
    // One buffer that grows, since a client chooses the number of chunks.
    let buffer = Buffer.alloc(0);
    let size = 0;
    await consume(req, res, maxWriteBodyBytes, (chunk) => {
      if (size + chunk.length > buffer.length) {
        const grown = Buffer.alloc(Math.min(maxWriteBodyBytes, 2 * (size + chunk.length)));
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
export function isChunked({ headers }: Request): boolean {
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
    if (req.destroyed) gone();
  });
}
