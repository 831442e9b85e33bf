import { hash } from 'node:crypto';

/**
 * The key that a caller is counted under: a digest, since a subject can be an e-mail address. The braces keep
 * it in one slot of a Redis Cluster.
 *
 * @param parts told apart by a line end, which none of them holds.
 */
export function limitKey(...parts: readonly string[]): string {
  return `zbff:limit:{${hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)}}`;
}
