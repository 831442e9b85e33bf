import { NO_FAULTS, type Faults } from '../../src/sandbox/faults.ts';
import type { PolicySettings } from '../../src/upstream/client.ts';
import type { UpstreamInput, UpstreamOperation } from '../../src/upstream/operation.ts';
import { REQUEST, startSandboxServers, type SandboxServers } from './sandbox-servers.ts';
import { connectUpstream, failureOf, type UpstreamClient } from './upstream-client.ts';

export const CREDENTIALS = { apiKey: REQUEST.api_key, developerSecret: REQUEST.developer_secret };

const signal = new AbortController().signal;

/** Starts a sandbox for the tests of a file, and connects the program's client to it for each test. */
export function upstreamSandbox() {
  let sandbox: SandboxServers;
  let client: UpstreamClient;
  beforeAll(async () => void (sandbox = await startSandboxServers()));
  afterAll(() => sandbox?.stop());
  beforeEach(() => {
    sandbox.state.restoreWorld();
    sandbox.state.calls.reset();
    sandbox.state.operationFaults.clear();
    client = connectUpstream({ port: sandbox.port, credentials: CREDENTIALS });
  });
  afterEach(() => client.close());

  const call = <Input extends UpstreamInput, Output>(
    operation: UpstreamOperation<Input, Output>,
    input: Input,
    options: { readonly signal: AbortSignal } = { signal },
  ): Promise<Output> => client.upstream(operation, input, options);

  return {
    call,
    get servers() {
      return sandbox;
    },
    get state() {
      return sandbox.state;
    },
    /** Replaces the client by one with other policies, another port or other credentials. */
    async reconnect(
      policies: Partial<PolicySettings>,
      port = sandbox.port,
      /** Null if the organization does not have one. */
      credentials: typeof CREDENTIALS | null = CREDENTIALS,
    ): Promise<void> {
      await client.close();
      client = connectUpstream({ port, credentials: credentials ?? undefined, policies });
    },
    /** Resolves to the code, the reason and the outcome of a call that has to fail. */
    async refusal<Input extends UpstreamInput>(operation: UpstreamOperation<Input, unknown>, input: Input) {
      const { code, details } = await failureOf(call(operation, input));
      return { code, reason: details.reason, outcome: details.outcome };
    },
    fail: (operation: { readonly name: string }, faults: Partial<Faults>): void =>
      void sandbox.state.operationFaults.set(operation.name, { ...NO_FAULTS, ...faults }),
    carriedOut: ({ name }: { readonly name: string }): number =>
      sandbox.state.calls.report().carriedOut[name] ?? 0,
    callCount: (): number => sandbox.state.calls.report().count,
  };
}

/** Faults after which it is not known whether a write was carried out, with the code of the error. */
export const UNKNOWN_OUTCOMES = [
  ['reset', 'UPSTREAM_UNAVAILABLE'],
  ['http-500', 'UPSTREAM_UNAVAILABLE'],
  ['http-429', 'UPSTREAM_UNAVAILABLE'],
  ['truncated', 'UPSTREAM_BAD_RESPONSE'],
  ['malformed', 'UPSTREAM_BAD_RESPONSE'],
  ['html', 'UPSTREAM_BAD_RESPONSE'],
  ['redirect', 'UPSTREAM_BAD_RESPONSE'],
] as const;
