import type {
  CallOptions,
  Policy,
  UpstreamCall,
  UpstreamOperation,
} from '../../../src/upstream/operation.ts';

export interface Input {
  readonly org: string;
}

export const INPUT: Input = { org: 'org' };

export const READ: UpstreamOperation<Input, string> = {
  name: 'read',
  path: '/read',
  idempotent: true,
  credentials: 'key and secret',
  body: () => ({}),
  decode: (text) => text,
};
export const WRITE: UpstreamOperation<Input, string> = { ...READ, name: 'write', idempotent: false };
/** A read that carries the API key alone. */
export const KEY_READ: UpstreamOperation<Input, string> = { ...READ, name: 'key read', credentials: 'key' };

/** Attempts that follow the script in order, and repeat its last step. */
export function scripted(...script: (Error | 'ok')[]) {
  const seen: CallOptions[] = [];
  const attempt: UpstreamCall = (operation, input, options) => {
    const next = script[Math.min(seen.length, script.length - 1)];
    seen.push(options);
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(operation.decode('ok', input));
  };
  return { attempt, seen };
}

/** A function that calls one operation, a read unless another is given, through the policy. */
export function callThrough(policy: Policy, attempt: UpstreamCall, operation = READ) {
  const call = policy(attempt);
  return (input: Input, options: CallOptions): Promise<string> => call(operation, input, options);
}

export const CREDENTIALS = { apiKey: 'key', developerSecret: 'secret' };

export function callOptions(changes: Partial<CallOptions> = {}): CallOptions {
  return {
    credentials: CREDENTIALS,
    signal: new AbortController().signal,
    priority: 'caller',
    deadline: 5000,
    ...changes,
  };
}
