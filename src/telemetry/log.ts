import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

/**
 * Lines are gathered for at most so many bytes and milliseconds, rather than written one by one; what is left
 * is written when the process ends. A reader that does not keep up loses lines rather than stopping us.
 */
const STANDARD_OUTPUT = {
  dest: 1,
  sync: false,
  minLength: 8 * 1024,
  periodicFlush: 20,
  maxLength: 16 * 1024 * 1024,
} as const;

/** JSON lines on standard output. What may be logged is named field by field; nothing is logged whole. */
export function openLog(options: { readonly level: string }, destination?: DestinationStream): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: isoTime(),
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, destination ?? pino.destination(STANDARD_OUTPUT));
}

/** The time as RFC 3339 writes it, worded once for all lines of a millisecond. */
function isoTime(): () => string {
  let at = 0;
  let worded = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      worded = `,"time":"${new Date(now).toISOString()}"`;
    }
    return worded;
  };
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

const KNOWN_SUBJECTS = 10_000;

/**
 * Hashes a subject, so that log lines of one person can be told to belong together and no more. Keyed,
 * since a subject can be an e-mail address, which a plain hash would give away to whoever guesses it.
 *
 * @param key shared by processes whose logs are read together; random for this process where it is absent.
 */
export function subjectHasher(key: string | undefined): (issuer: string, subject: string) => string {
  const secret = key ?? randomBytes(32);
  // A hash costs more than the rest of a log line, and most requests are of somebody seen before.
  const known = new LRUCache<string, string>({ max: KNOWN_SUBJECTS });
  return function hashSubject(issuer, subject) {
    const text = `${issuer}\n${subject}`;
    const found = known.get(text);
    if (found !== undefined) return found;
    const hash = createHmac('sha256', secret).update(text).digest('hex').slice(0, 16);
    known.set(text, hash);
    return hash;
  };
}
