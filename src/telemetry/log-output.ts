import { stdout } from 'node:process';
import type { Writable } from 'node:stream';

/** A destination of log lines that never blocks and never throws. */
export interface LogOutput {
  write(lines: string): void;
  /** Resolves once everything is written, after `ms` at most. */
  flush(ms: number): Promise<void>;
}

/** Lines that come while this much waits for the reader are dropped. */
const MAX_PENDING = 16 * 1024 * 1024;
/** Time and length up to which lines are gathered into one system call. */
const GATHER_MS = 20;
const GATHER_LENGTH = 16 * 1024;
const FLUSH_CHECK_MS = 10;

/**
 * Writes to a stream whose reader may stop or go away: lines are dropped and counted then. The stream is
 * libuv's, so no thread of the pool blocks in a write, and the process can exit while the reader is stuck.
 */
export function logOutput(stream: Writable = stdout, maxPending = MAX_PENDING): LogOutput {
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  // EPIPE: the reader has gone. ENOSPC: the disk is full. Either may change, so later lines are tried again.
  stream.on('error', () => {});
  // Terminals block by default: one that is paused (Ctrl-S) would stop the event loop.
  (stream as Blocking)._handle?.setBlocking?.(false);

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    if (stream.writableLength > maxPending) {
      dropped += countLines(gathered);
    } else {
      if (dropped > 0) gathered = droppedLine(dropped) + gathered;
      dropped = 0;
      stream.write(gathered);
    }
    gathered = '';
  }
  process.on('exit', send);

  return {
    write(lines) {
      gathered += lines;
      if (gathered.length >= GATHER_LENGTH) send();
      else timer ??= setTimeout(send, GATHER_MS).unref();
    },
    async flush(ms) {
      const end = performance.now() + ms;
      send();
      while (stream.writableLength > 0 && performance.now() < end)
        await new Promise((resolve) => setTimeout(resolve, FLUSH_CHECK_MS));
    },
  };
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
