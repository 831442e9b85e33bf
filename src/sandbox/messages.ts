/** The documented message of each error code of fetchContact, in the order of its checks. */
export const MESSAGES = {
  MISSING_API_KEY: 'Missing service instance',
  INVALID_API_KEY: 'Invalid API Key',
  MISSING_DEVELOPER_SECRET: 'Missing developer_secret',
  INVALID_DEVELOPER_SECRET: 'Invalid developer_secret',
  IP_NOT_WHITELISTED: 'IP address not whitelisted',
  USER_INACTIVE: 'User is not active',
  MISSING_CONTACT_ID: 'Missing contact ID',
  MISSING_ORG_ID: 'Missing org ID',
  MISSING_MEMBER_ID: 'Missing member ID',
  NOT_FOUND: 'No such contact',
} as const;
export type UpstreamCode = keyof typeof MESSAGES;

/** The response of an operation: every outcome is an envelope with status 200. */
export interface SandboxResponse {
  /** `success`, or the code of the refusal. */
  readonly outcome: string;
  readonly body: object;
  /** Whether the operation took effect. */
  readonly carriedOut: boolean;
}

/** @param data left out of an operation's envelope if nothing is documented for it. */
export function success(data?: unknown): SandboxResponse {
  return { outcome: 'success', body: { data, status: 'success' }, carriedOut: true };
}

/** @param message the operation's message; by default fetchContact's. */
export function failure(code: UpstreamCode): SandboxResponse;
export function failure(code: string, message: string): SandboxResponse;
export function failure(code: string, message = MESSAGES[code as UpstreamCode] as string): SandboxResponse {
  return { outcome: code, body: { data: [message], status: 'error' }, carriedOut: false };
}
