import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Text } from './text.ts';

const MAX_BYTES = 1024 * 1024;

/** Reads a file of at most 1 MiB as UTF-8 without trimming. Never blocks: rejects pipes, sockets and devices. */
export function readTextFile(path: string): Text {
  let bytes: Buffer;
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(file);
      if (stat.isDirectory()) return { issue: 'the file is a directory' };
      if (!stat.isFile()) return { issue: 'the file is not a regular file' };
      if (stat.size > MAX_BYTES) return { issue: 'the file is over 1 MiB' };
      bytes = readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { issue: `the file cannot be read (${code})` };
  }
  return decode(bytes);
}

function decode(bytes: Buffer): Text {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // ASCII text in UTF-16 without a byte order mark contains NUL bytes.
  if (isUtf16 || bytes.includes(0)) return { issue: 'the file is UTF-16 or binary: save it as UTF-8' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { issue: 'the file is not UTF-8: save it as UTF-8' };
  }
}
