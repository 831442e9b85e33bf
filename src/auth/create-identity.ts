import type { Replacement } from '../lib/replacement.ts';
import { throttleLog } from '../lib/throttle-log.ts';
import type { GuardedRedis } from '../redis/guarded-redis.ts';
import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createJwksFetch, type JwksFetchOptions } from './jwks-fetch.ts';
import { redisRevocations } from './redis-revocations.ts';
import type { Revocation } from './revocation-list.ts';
import { reportJwks } from './report-jwks.ts';
import {
  memoryRevocations,
  refuseRevoked,
  revocationOf,
  type RevocationRequest,
} from './revocation-store.ts';
import {
  createTrustedIssuers,
  type IssuerSettings,
  type JwksSettings,
  type TrustedIssuers,
} from './trusted-issuers.ts';
import { rememberVerified } from './verified-tokens.ts';
import { tokenVerifier } from './verify-token.ts';

export interface IdentityOptions {
  readonly issuers: readonly IssuerSettings[];
  readonly clockToleranceS: number;
  readonly maxLifetimeS: number | undefined;
  readonly knownScopes: ReadonlySet<string>;
  readonly maxVerifiedTokens: number;
  readonly maxRevocations: number;
  readonly compareRevocationsMs: number;
  /** Shares revocations between processes; undefined if they are local to this process. */
  readonly redis: GuardedRedis | undefined;
  readonly jwks: JwksFetchOptions & Pick<JwksSettings, 'refreshMs' | 'minDemandMs' | 'maxKeys'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly monotonicNow: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'gauges'>;
}

/** The minimum interval between two log lines about revocations that cannot be applied. */
const REPEAT_MS = 10_000;

/** Creates the authentication chain: revocation (outermost), the cache of verified tokens, verification. */
export function createIdentity(options: IdentityOptions) {
  const { now, monotonicNow, random, redis, log } = options;
  const onUnusable = throttleLog(
    (times) => log.error({ times }, 'revocation from Redis not applied: unreadable, or the list is full'),
    { everyMs: REPEAT_MS, now: monotonicNow },
  );
  const fetch = createJwksFetch(options.jwks);
  const issuers = createTrustedIssuers(options.issuers, {
    ...options.jwks,
    now,
    monotonicNow,
    random,
    fetchJwks: (uri, signal) => fetch.fetchJwks(uri, signal),
    ...reportJwks(options),
  });
  measureJwks(issuers, options.metrics);
  const shared =
    redis && redisRevocations({ ...options, redis, compareMs: options.compareRevocationsMs, onUnusable });
  const revocations = shared ?? memoryRevocations(options);
  const verifyToken = tokenVerifier({ ...options, issuers });
  const remembering = () =>
    rememberVerified(verifyToken, { ...options, maxTokens: options.maxVerifiedTokens });
  let remembered = remembering();
  return {
    verify: refuseRevoked((token) => remembered(token), revocations),
    /** @returns the revocation, to be broadcast to the other processes. */
    async revoke(request: RevocationRequest): Promise<Revocation> {
      const revocation = revocationOf(request, options);
      await revocations.keep(revocation);
      return revocation;
    },
    learn: (revocation: Revocation) => revocations.learn(revocation),
    /** Loads the revocations that were stored before this process started. */
    connect: async () => shared?.compare(),
    /** Creates the new issuers. `commit` trusts them from the next request on and drops all cached tokens. */
    prepareIssuers(all: readonly IssuerSettings[]): Replacement {
      const replacement = issuers.prepare(all);
      return {
        commit() {
          replacement.commit();
          remembered = remembering();
        },
        discard: () => replacement.discard(),
      };
    },
    async close(): Promise<void> {
      shared?.close();
      issuers.close();
      await fetch.close();
    },
  };
}

function measureJwks(issuers: TrustedIssuers, metrics: IdentityOptions['metrics']): void {
  metrics.gauges(
    'jwks_usable_keys',
    'Published keys that can verify tokens, by the index of their issuer in the configuration',
    'issuer',
    () => issuers.published().map(({ issuer, usableKeys }) => [String(issuer), usableKeys]),
    'min',
  );
  metrics.gauges(
    'jwks_fetched_timestamp_seconds',
    'Time of the last successful key-set fetch, in seconds since 1970; 0 if no fetch has succeeded',
    'issuer',
    () => issuers.published().map(({ issuer, fetchedAt }) => [String(issuer), (fetchedAt ?? 0) / 1000]),
    'min',
  );
}
