import type { SandboxResponse } from '../messages.ts';
import type { Account, World } from '../world.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface OperationRequest {
  readonly body: Body;
  /** The account that the credentials belong to. */
  readonly account: Account;
  readonly world: World;
}

/** A member of the body without which an operation is refused, and the refusal's code and message. */
export type RequiredField = readonly [field: string, code: string, message: string];

export const CONTACT_ID: RequiredField = ['contact_id', 'MISSING_CONTACT_ID', 'Missing contact ID'];
export const ORG_ID: RequiredField = ['org_id', 'MISSING_ORG_ID', 'Missing org ID'];
export const MEMBER_ID: RequiredField = ['member_id', 'MISSING_MEMBER_ID', 'Missing member ID'];

/** One operation of the upstream's API. */
export interface SandboxOperation {
  readonly name: string;
  readonly path: string;
  /** The credentials that it checks: the API key, the developer secret with its list of addresses, or both. */
  readonly credentials: 'key and secret' | 'key' | 'secret';
  /** Checked in this order, after the credentials. */
  readonly required: readonly RequiredField[];
  /** Answers a request that needs no credentials; undefined if the request is not one. */
  answerOpenly?(body: Body): SandboxResponse | undefined;
  /** Carries out the operation, or refuses it without any change. */
  carryOut(request: OperationRequest): SandboxResponse;
}

export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
