import type { IncomingMessage } from 'node:http';
import { closeAfterResponse } from './connections.ts';

/** Up to this length, reading the rest of a body costs less than a new connection. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Returns the header that closes the connection after a response to a request whose body is not read, if it is long
 * or of unknown length: Node would read all of it. Empty otherwise.
 */
export function closeIfUnread(req: IncomingMessage, isTooLarge = false): readonly string[] {
  const { 'transfer-encoding': coding, 'content-length': length = 0 } = req.headers;
  const isLong = coding !== undefined || Number(length) > MAX_UNREAD_BYTES;
  if (!isTooLarge && (req.complete || !isLong)) return [];
  closeAfterResponse(req.socket);
  return ['Connection', 'close'];
}
