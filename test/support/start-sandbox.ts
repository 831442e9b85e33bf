import type { DirectoryAnswer } from './directory.ts';
import { jsonLine, startNode } from './child.ts';
import type { Child, Environment, StartOptions } from './child.ts';
import { exchange } from './http.ts';
import type { TestResponse } from './http.ts';
import { mustNotBeLogged } from './run-directory.ts';
import { waitFor } from './wait-for.ts';

export const API_KEY = 'sandbox-api-key';
export const DEVELOPER_SECRET = 'zdk_sandbox_developer_secret';

export interface UpstreamCall {
  readonly n: number;
  /** ISO 8601. */
  readonly at: string;
  readonly operation: string;
  readonly orgId: string;
  readonly memberId: string;
  readonly contactId: unknown;
  readonly include: readonly string[];
  readonly outcome: string;
  /** Whether the operation took effect, whatever response the call got. */
  readonly carriedOut: boolean;
  readonly peer: string;
  readonly developerKey: string;
}

export interface Faults {
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly mode?: string;
  /** Whether the operation is carried out after the faulty response, or before, or not at all (`before`). */
  readonly phase?: 'before' | 'during' | 'after';
  readonly commitDelayMs?: number;
  readonly calls?: number;
  readonly rate?: number;
  readonly retryAfterS?: number;
  readonly hugeBytes?: number;
  readonly dripMs?: number;
  readonly contactId?: string;
}

export interface Sandbox extends Child {
  readonly port: number;
  readonly url: string;
  readonly controlUrl: string;
  calls(): Promise<readonly UpstreamCall[]>;
  /** Returns the calls about one contact, oldest first. */
  callsFor(contactId: string): Promise<readonly UpstreamCall[]>;
  /** Resolves when at least `count` calls about the contact have arrived. */
  awaitCalls(contactId: string, count: number): Promise<readonly UpstreamCall[]>;
  /** Resolves to the number of operations of this name that took effect. */
  carriedOut(operation: string): Promise<number>;
  setFaults(faults: Faults): Promise<void>;
  /** Sets faults of one operation, such as `addNotestoContact`, until `clearFaults`. */
  setOperationFaults(operation: string, faults: Faults): Promise<void>;
  clearFaults(): Promise<void>;
  patchContact(contactId: string, raw: unknown): Promise<void>;
  deleteContact(contactId: string): Promise<void>;
  reset(): Promise<void>;
  directory(): Promise<DirectoryAnswer>;
}

/** Starts the sandbox upstream. Its control port lists recorded calls and sets faults. */
export async function startSandbox(env: Environment = {}, options: StartOptions = {}): Promise<Sandbox> {
  mustNotBeLogged('credential', API_KEY);
  mustNotBeLogged('credential', DEVELOPER_SECRET);
  const ports = { SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0', SANDBOX_READY_JSON: '1' };
  const child = startNode('src/sandbox/main.ts', { ...ports, ...env }, undefined, options);
  const ready = await jsonLine(child, (line) => line['ready'] === true).catch(async (cause: unknown) => {
    await child.stop(1000);
    throw new Error('the sandbox did not start', { cause });
  });
  const controlUrl = `http://127.0.0.1:${String(ready['controlPort'])}`;
  const control = (method: string, path: string, body?: unknown): Promise<TestResponse> =>
    controlCall(controlUrl, method, path, body);
  const calls = async (): Promise<readonly UpstreamCall[]> => (await control('GET', '/calls')).json().calls;
  const callsFor = async (contactId: string): Promise<readonly UpstreamCall[]> =>
    (await calls()).filter((call) => String(call.contactId).toLowerCase() === contactId.toLowerCase());
  return {
    ...child,
    port: Number(ready['port']),
    url: `http://127.0.0.1:${String(ready['port'])}`,
    controlUrl,
    calls,
    callsFor,
    awaitCalls: (contactId, count) =>
      waitFor(`${count} upstream calls`, async () => {
        const seen = await callsFor(contactId);
        return seen.length >= count && seen;
      }),
    carriedOut: async (operation) => (await control('GET', '/calls')).json().carriedOut[operation] ?? 0,
    setOperationFaults: async (operation, faults) =>
      void (await control('PUT', `/faults/${operation}`, faults)),
    setFaults: async (faults) => void (await control('PUT', '/faults', faults)),
    clearFaults: async () => void (await control('DELETE', '/faults')),
    patchContact: async (contactId, raw) => void (await control('PATCH', `/contacts/${contactId}`, raw)),
    deleteContact: async (contactId) => void (await control('DELETE', `/contacts/${contactId}`)),
    reset: async () => void (await control('POST', '/reset')),
    directory: async () => (await control('GET', '/directory')).json(),
  };
}

async function controlCall(
  origin: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestResponse> {
  const answer = await exchange(`${origin}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}
