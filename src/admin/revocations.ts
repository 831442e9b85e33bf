import type { RequestHandler } from 'express';
import { z } from 'zod';
import { isPlainText } from '../lib/plain-text.ts';
import { AppError } from '../errors.ts';
import { respond } from '../http/respond.ts';
import { jsonBodyOf } from './json-body.ts';
import { MAX_TIME_S } from '../lib/plausible-time.ts';

/** Tolerance for `before`: a typo, or milliseconds instead of seconds, must not lock out a subject for good. */
const MAX_AHEAD_S = 300;

const text = z.string().min(1).refine(isPlainText);
const time = z.number().min(0).max(MAX_TIME_S);
export const revocation = z.union([
  z.strictObject({ jti: text, iss: text.optional(), exp: time.optional() }),
  z.strictObject({ sub: text, iss: text.optional(), before: time.optional() }),
]);

export type RevocationBody = z.output<typeof revocation>;

/** `POST /revocations`: responds with 204 when the token, or the subject's tokens so far, are rejected. */
export function revocations(options: {
  readonly revoke: (request: RevocationBody) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): RequestHandler {
  return async function revokeTokens(req, res) {
    const body = revocation.safeParse(jsonBodyOf(req));
    if (!body.success) {
      throw new AppError('INVALID_REQUEST', {
        detail:
          'Send a JSON object in UTF-8 with jti (optionally exp, iss), or with sub (optionally before, iss). Times are in seconds.',
      });
    }
    if ('sub' in body.data && (body.data.before ?? 0) > options.now() / 1000 + MAX_AHEAD_S) {
      throw new AppError('INVALID_REQUEST', { detail: 'before must not be in the future.' });
    }
    await options.revoke(body.data);
    respond(res, 204, []);
  };
}
