import type { RequestHandler } from 'express';
import { AppError } from '../../errors.ts';
import { declaresTooLarge } from './protocol.ts';

/**
 * Rejects a body over the limit: at once if its length is declared, otherwise when the limit is exceeded.
 * Discards the body, because no public route reads one.
 */
export function limitBody(maxBytes: number): RequestHandler {
  return function rejectLargeBody(req, res, next) {
    if (declaresTooLarge(req, maxBytes)) throw new AppError('CONTENT_TOO_LARGE');
    if (req.headers['transfer-encoding'] === undefined) return next();
    let size = 0;
    let decided = false;
    const decide = (error?: AppError) => {
      if (decided) return;
      decided = true;
      next(error);
    };
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return;
      req.pause();
      decide(new AppError('CONTENT_TOO_LARGE'));
      res.on('finish', () => req.destroy());
    });
    req.on('end', () => decide());
    req.on('error', () => decide(new AppError('CLIENT_GONE')));
  };
}
