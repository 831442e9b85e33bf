import { hash } from 'node:crypto';

/**
 * Returns the key of a caller's count. It is a digest, because a subject can be an e-mail address. The braces
 * are the hash tag of a Redis Cluster.
 *
 * @param parts joined by a line end, which none of them contains.
 */
export function limitKey(...parts: readonly string[]): string {
  return `zbff:limit:{${hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)}}`;
}
