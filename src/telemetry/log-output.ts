import { stdout } from 'node:process';
import type { Writable } from 'node:stream';

/** A destination of log lines that never blocks and never throws. */
export interface LogOutput {
  write(lines: string): void;
  /** Resolves when all lines are written, or after `ms` milliseconds. */
  flush(ms: number): Promise<void>;
}

/** Lines are dropped while more than this is buffered for the reader (16 MiB). */
const MAX_PENDING = 16 * 1024 * 1024;
/** Lines are batched into one write for at most this time and length. */
const BATCH_MS = 20;
const BATCH_LENGTH = 16 * 1024;
/** A longer write to a pipe is not atomic (PIPE_BUF is 4096 bytes): another process could write in the middle. */
const SHARED_BATCH_LENGTH = 3 * 1024;
const FLUSH_CHECK_MS = 10;

export interface LogOutputOptions {
  /** Default: standard output. */
  readonly stream?: Writable;
  /** Whether other processes write to the same stream, so that each write must be atomic. */
  readonly isShared?: boolean;
}

/**
 * Creates an output that drops and counts lines if the stream's reader is slow or has gone, or the disk is full.
 * (Of the first write to a full disk, the system may accept a part, and these lines are not counted.) Writes do not
 * block a thread of libuv's pool, so the process can exit while the reader is stuck.
 */
export function logOutput({ stream = stdout, isShared = false }: LogOutputOptions = {}): LogOutput {
  const batchLength = isShared ? SHARED_BATCH_LENGTH : BATCH_LENGTH;
  /** Batches for a shared stream, which are written one by one: Node joins writes that wait. */
  const queue: Batch[] = [];
  let queued = 0;
  let isWriting = false;
  let batch = '';
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  /** Whether the last write failed, and may have left a part of a line. */
  let isTorn = false;
  // EPIPE: the reader has gone. ENOSPC: the disk is full. Either may be temporary, so later lines are written.
  stream.on('error', () => {});
  // Terminals block by default: a paused one (Ctrl-S) would block the event loop. The handle is private to Node,
  // checked with 24.12 and 26.10. Without its method, terminals block, and the test of a paused one fails.
  (stream as Blocking)._handle?.setBlocking?.(false);

  const pending = () => stream.writableLength + queued;

  function write({ text, lostBefore }: Batch, done?: () => void): void {
    stream.write(isTorn ? `\n${text}` : text, (error) => {
      isTorn = Boolean(error);
      if (error) dropped += lostBefore + countLines(text) - (lostBefore > 0 ? 1 : 0);
      done?.();
    });
  }

  function writeNext(): void {
    const next = isWriting ? undefined : queue.shift();
    if (next === undefined) return;
    isWriting = true;
    write(next, () => {
      isWriting = false;
      queued -= next.text.length;
      writeNext();
    });
  }

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (batch === '') return;
    if (pending() > MAX_PENDING) {
      dropped += countLines(batch);
    } else {
      const next = { text: dropped > 0 ? droppedLine(dropped) + batch : batch, lostBefore: dropped };
      dropped = 0;
      if (isShared) {
        queued += next.text.length;
        queue.push(next);
        writeNext();
      } else write(next);
    }
    batch = '';
  }
  process.on('exit', () => {
    send();
    stream.write(queue.map(({ text }) => text).join(''));
  });

  return {
    write(lines) {
      if (batch.length + lines.length > batchLength) send();
      batch += lines;
      if (batch.length >= batchLength) send();
      else timer ??= setTimeout(send, BATCH_MS).unref();
    },
    async flush(ms) {
      const end = performance.now() + ms;
      send();
      while (pending() > 0 && performance.now() < end)
        await new Promise((resolve) => setTimeout(resolve, FLUSH_CHECK_MS));
    },
  };
}

interface Batch {
  readonly text: string;
  /** The number of lost lines that its first line reports; 0 without such a line. */
  readonly lostBefore: number;
}
type Blocking = { readonly _handle?: { setBlocking?(blocking: boolean): void } };

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function droppedLine(dropped: number): string {
  const line = { level: 'warn', time: new Date().toISOString(), dropped, msg: 'log lines dropped' };
  return `${JSON.stringify(line)}\n`;
}
