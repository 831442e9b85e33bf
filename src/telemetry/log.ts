import { createHmac, randomBytes } from 'node:crypto';
import type { Caller } from '../contact/read-contact.ts';
import { pino, type DestinationStream, type Level, type Logger } from 'pino';

export type Log = Logger;

/** Creates a log of JSON lines. Callers name each field; whole objects are never logged. */
export function createLog(options: { readonly level: string }, destination: DestinationStream): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, destination);
}

/** Returns the current time in RFC 3339, formatted at most once per millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== formattedAt) {
    formattedAt = now;
    formattedTime = `,"time":"${new Date(now).toISOString()}"`;
  }
  return formattedTime;
}
let formattedAt = 0;
let formattedTime = '';

/**
 * Creates a writer for lines of one kind whose fields are JSON already: it skips pino's serialization.
 *
 * @returns undefined if the level is not logged.
 */
export function lineWriter(log: Log, level: Level, message: string): ((fields: string) => void) | undefined {
  if (!log.isLevelEnabled(level)) return undefined;
  const stream = (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym]!;
  const end = `,"msg":${JSON.stringify(message)}}\n`;
  return (fields) => stream.write(`{"level":"${level}"${isoTime()},${fields}${end}`);
}

/** Creates a log that discards every line. */
export function silentLog(): Log {
  return createLog({ level: 'silent' }, { write: () => {} });
}

/** Errors whose messages are safe to log. Other messages can quote user data, such as a name or a token. */
const SAFE_MESSAGES = new Set(['TypeError', 'RangeError', 'ReferenceError']);

/** Returns the loggable fields of an error: its name, code and stack frames, without the message unless it is safe. */
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
 * Creates a function that hashes a subject, so that the log lines of one subject can be correlated. The hash is
 * keyed (HMAC), because a subject can be an e-mail address, which a plain hash would reveal to a guesser.
 *
 * @param key shared by processes whose logs are read together; random per process if undefined.
 */
export function subjectHasher(key: string | undefined): (caller: Caller) => string {
  const secret = key ?? randomBytes(32);
  // Hashes are kept, because one costs more than the rest of a log line. Each remembered token has one caller object.
  const known = new WeakMap<Caller, string>();
  return function hashSubject(caller) {
    const found = known.get(caller);
    if (found !== undefined) return found;
    const text = `${caller.issuer}\n${caller.subject}`;
    const hash = createHmac('sha256', secret).update(text).digest('hex').slice(0, 16);
    known.set(caller, hash);
    return hash;
  };
}
