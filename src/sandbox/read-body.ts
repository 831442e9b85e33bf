import type { IncomingMessage } from 'node:http';

/** A write's body of 64 KiB, with room for the members that the caller of the upstream adds. */
const MAX_BODY_BYTES = 256 * 1024;

/**
 * Reads a body of up to 256 KiB as a JSON object; undefined if it is not one, or is longer.
 * Rejects if the client disconnects.
 */
export async function readJsonObject(req: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
