import resilience from '../../config/resilience.json' with { type: 'json' };
import { AppError } from '../../src/errors.ts';
import { setTimer } from '../../src/lib/timers.ts';
import { Health } from '../../src/telemetry/health.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { createUpstream, type PolicySettings, type Upstream } from '../../src/upstream/client.ts';
import type { UpstreamCredentials } from '../../src/upstream/credentials.ts';
import { createTransport } from '../../src/upstream/transport.ts';
import { newMetrics } from './metrics.ts';

export interface UpstreamClient {
  readonly upstream: Upstream;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

/** Creates the program's client of the upstream, with its policies, for the server on a port of this machine. */
export function connectUpstream(options: {
  readonly port: number;
  /** Undefined if the organization does not have any. */
  readonly credentials: UpstreamCredentials | undefined;
  readonly policies?: Partial<PolicySettings>;
}): UpstreamClient {
  const baseUrl = new URL(`http://127.0.0.1:${options.port}`);
  const transport = createTransport({
    baseUrl,
    localAddress: undefined,
    proxy: undefined,
    connectTimeoutMs: 1000,
  });
  const metrics = newMetrics();
  const upstream = createUpstream({
    transport,
    baseUrl,
    maxResponseBytes: 100_000,
    credentialsOf: () => options.credentials,
    component: () => 'upstream',
    policies: {
      timeoutMs: 5000,
      maxConcurrency: 8,
      maxPerSecond: undefined,
      ...resilience,
      ...options.policies,
    },
    log: silentLog(),
    health: new Health(Date.now),
    metrics,
    now: () => performance.now(),
    random: () => 0,
    setTimer,
  });
  return { upstream, metrics, close: () => transport.close() };
}

/** Resolves to the error of a call that has to fail with an AppError. */
export async function failureOf(call: Promise<unknown>): Promise<AppError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error('the call did not fail with an AppError');
  return error;
}
