import { createHmac, randomBytes } from 'node:crypto';
import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

/** JSON lines on standard output. What may be logged is named field by field; nothing is logged whole. */
export function openLog(options: { readonly level: string }, destination?: DestinationStream): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(settings, destination) : pino(settings);
}

/** Errors that are made of our own code's words. Others can quote what they stumbled over: a name, a token. */
const SAFE_MESSAGES = new Set(['TypeError', 'RangeError', 'ReferenceError']);

/** What a log line may hold of an error: its kind, code and frames. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...(typeof code === 'string' && { code: code.slice(0, 64) }),
    ...(SAFE_MESSAGES.has(error.name) && { message: error.message.slice(0, 200) }),
    frames: frames.slice(0, 8).map((line) => line.trim()),
    ...(error.cause instanceof Error && { cause: error.cause.name }),
  };
}

/**
 * Hashes a subject, so that log lines of one person can be told to belong together and no more. Keyed,
 * since a subject can be an e-mail address, which a plain hash would give away to whoever guesses it.
 *
 * @param key shared by processes whose logs are read together; random for this process where it is absent.
 */
export function subjectHasher(key: string | undefined): (issuer: string, subject: string) => string {
  const secret = key ?? randomBytes(32);
  return function hashSubject(issuer, subject) {
    return createHmac('sha256', secret).update(`${issuer}\n${subject}`).digest('hex').slice(0, 16);
  };
}
