import { createHmac, randomBytes } from 'node:crypto';
import type { Caller } from '../contact/read-contact.ts';
import { pino, type DestinationStream, type Level, type Logger } from 'pino';

export type Log = Logger;

/** Creates a log of JSON lines. Fields are named one by one at each call; no object is logged whole. */
export function createLog(options: { readonly level: string }, destination: DestinationStream): Log {
  const settings = {
    level: options.level,
    base: null,
    timestamp: isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, destination);
}

/** The time as RFC 3339 writes it, worded once for all lines of a millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== wordedAt) {
    wordedAt = now;
    worded = `,"time":"${new Date(now).toISOString()}"`;
  }
  return worded;
}
let wordedAt = 0;
let worded = '';

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

/** Logs nothing. */
export function silentLog(): Log {
  return createLog({ level: 'silent' }, { write: () => {} });
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
export function subjectHasher(key: string | undefined): (caller: Caller) => string {
  const secret = key ?? randomBytes(32);
  // A hash costs more than the rest of a log line. A caller is one object while its token is remembered.
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
