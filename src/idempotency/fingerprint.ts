import { hash } from 'node:crypto';
import type { Caller } from '../contact/read-contact.ts';
import { isJsonObject, type Json } from '../lib/json.ts';

/** A request with an idempotency key. */
export interface IdempotentRequest {
  readonly caller: Pick<Caller, 'issuer' | 'subject' | 'org' | 'member'>;
  readonly method: string;
  readonly path: string;
  /** The result of `parseIdempotencyKey`. */
  readonly key: string;
  readonly body: Json;
}

/**
 * Returns the Redis key of a request's record. It is a digest, because a subject can be an e-mail address. The
 * braces are the hash tag of a Redis Cluster.
 */
export function recordKey({ caller, method, path, key }: IdempotentRequest): string {
  const scope = JSON.stringify([caller.issuer, caller.subject, method, path, key]);
  return `zbff:idempotency:1:{${hash('sha256', scope, 'base64url')}}`;
}

/**
 * Returns a digest of the values that a repeat must have in common with the first request. The organization and
 * the member are among them, so that a subject whose token changes does not receive another member's result.
 */
export function fingerprintOf({ caller, body }: IdempotentRequest): string {
  return hash('sha256', canonicalJson([caller.org, caller.member, body]), 'base64url');
}

/** Serializes JSON with sorted member names and without white space (RFC 8785 section 3.2). */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name]!)}`);
  return `{${members.join(',')}}`;
}
