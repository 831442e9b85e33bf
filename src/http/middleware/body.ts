import type { Request, RequestHandler } from 'express';
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
 * Receives the body of a request before anything else is done: into the request's context if an operation reads
 * it, otherwise it is discarded. Rejects a body over the limit: at once if its length is declared, otherwise when
 * the limit is exceeded. The server's request timeout bounds the time.
 *
 * @param takesBody returns whether an operation reads the body of a request.
 */
export function receiveBody(
  { maxBodyBytes, maxWriteBodyBytes }: BodyLimits,
  takesBody: (req: Request) => boolean,
): RequestHandler {
  return function receiveThisBody(req, res, next) {
    const isTaken = takesBody(req);
    const limit = isTaken ? maxWriteBodyBytes : maxBodyBytes;
    if (declaresTooLarge(req, limit)) throw new AppError('CONTENT_TOO_LARGE');
    const isChunked = req.headers['transfer-encoding'] !== undefined;
    const hasBody = isChunked || (req.headers['content-length'] ?? '0') !== '0';
    if (!hasBody || (!isTaken && !isChunked)) return next();
    const chunks: Buffer[] = [];
    let size = 0;
    let decided = false;
    const decide = (error?: AppError) => {
      if (decided) return;
      decided = true;
      next(error);
    };
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        if (isTaken) chunks.push(chunk);
        return;
      }
      req.pause();
      decide(new AppError('CONTENT_TOO_LARGE'));
      res.on('finish', () => req.destroy());
    });
    req.on('end', () => {
      if (isTaken) contextOf(req).body = Buffer.concat(chunks);
      decide();
    });
    req.on('error', () => decide(new AppError('CLIENT_GONE')));
  };
}
