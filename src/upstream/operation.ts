import { isAppError, type ErrorCode } from '../errors.ts';
import type { RequiredCredentials, UpstreamCredentials } from './credentials.ts';

/** Every input names the organization whose credentials the call carries. */
export interface UpstreamInput {
  readonly org: string;
}

/** One operation of the upstream's API as data: its request and the decoder of its response. */
export interface UpstreamOperation<Input extends UpstreamInput, Output> {
  readonly name: string;
  /** Below the base URL. Holds no id, so it is also the template of the operation's URL. */
  readonly path: string;
  /** Whether a call can be repeated without harm if its outcome is unknown. */
  readonly idempotent: boolean;
  /** The credentials that a call carries and the upstream checks. */
  readonly credentials: RequiredCredentials;
  /** The JSON members of the request, credentials included. */
  body(input: Input, credentials: UpstreamCredentials): Readonly<Record<string, unknown>>;
  /** @throws AppError with the code that the upstream's message stands for, or `UPSTREAM_BAD_RESPONSE`. */
  decode(text: string, input: Input): Output;
}

/** Refusals that concern the contact: the upstream is up, and accepted the credentials. */
const CONTACT_CODES: readonly ErrorCode[] = ['CONTACT_NOT_FOUND', 'CONTACT_EXISTS', 'NOT_CONTACT_OWNER'];

/** Returns whether an error shows that the upstream works and accepts this proxy, as a success does. */
export function isAccepted(error: unknown): boolean {
  return isAppError(error, ...CONTACT_CODES);
}

/** Order in which calls wait for their turn: callers, then their retries, then background refreshes. */
export const PRIORITIES = ['caller', 'retry', 'refresh'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface CallOptions {
  /** The organization's credentials at the start of the call. A reload does not replace them. */
  readonly credentials: UpstreamCredentials;
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  readonly priority: Priority;
  /** Monotonic time, in ms, by which the whole call has to end, waiting and retries included. */
  readonly deadline: number;
}

/**
 * Calls any operation.
 *
 * @throws AppError with the codes of the operation, or one of the `UPSTREAM_…` codes; the signal's reason if the
 *   caller gives up first. Errors of a write have `details.outcome`.
 */
export type UpstreamCall = <Input extends UpstreamInput, Output>(
  operation: UpstreamOperation<Input, Output>,
  input: Input,
  options: CallOptions,
) => Promise<Output>;

/** Wraps calls with one concern, such as retries. */
export type Policy = (next: UpstreamCall) => UpstreamCall;

/** Combines policies, the outermost first. */
export function wrap(...policies: readonly Policy[]): Policy {
  return (send) => policies.reduceRight((next, policy) => policy(next), send);
}
