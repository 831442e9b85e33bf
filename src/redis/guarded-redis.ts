import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isTracing, traced } from '../telemetry/tracing.ts';
import { setBackgroundTimer } from '../lib/timers.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import type { RedisClient, ScriptConnection } from './redis-client.ts';
import { diagnose, type RedisDiagnosis } from './redis-diagnosis.ts';
import { PING_MS, RedisHeartbeat } from './redis-heartbeat.ts';
import { RedisOutages } from './redis-outages.ts';
import { RedisRecovery, type Recovery } from './redis-recovery.ts';
import { spanOf } from './redis-span.ts';
import { RedisUnavailable } from './redis-unavailable.ts';
import { CONNECT_WAIT_MS, LONG_TIMEOUT_MS, REMOVE_TIMEOUT_MS } from './time-limits.ts';
import type { RedisValue } from './run-script.ts';
import type { StoredValue } from './stored-value.ts';

type Keys = readonly [string, ...string[]];
export type Script = (keys: Keys, args: readonly RedisValue[]) => Promise<unknown>;
export type DurableScript = (keys: Keys, args: readonly RedisValue[]) => Promise<boolean>;

interface Bound {
  readonly ms: number;
  /** Whether the operation runs although Redis is known to be down. */
  readonly bypassBreaker: boolean;
}

export interface GuardedRedisOptions {
  readonly client: RedisClient;
  readonly log: Log;
  readonly health: Health;
  /** Maximum milliseconds that a request waits for Redis. */
  readonly timeoutMs: number;
  readonly metrics: Pick<Metrics, 'redisFailure' | 'gauge'>;
}

/**
 * Guards all Redis operations with a time limit and a circuit breaker. After the first failure, operations fail
 * fast until a probe succeeds and the server is restored; in a Cluster, per server.
 */
export class GuardedRedis {
  readonly #client: RedisClient;
  readonly #metrics: GuardedRedisOptions['metrics'];
  readonly #outages: RedisOutages;
  readonly #recovery: RedisRecovery;
  readonly #downListeners: (() => void)[] = [];
  readonly #requestBound: Bound;
  /** The limit of operations without a fallback; at least the request's. */
  readonly #longBound: Bound;
  readonly #heartbeat: RedisHeartbeat;
  #connectionError: Error | undefined;

  constructor({ client, log, health, timeoutMs, metrics }: GuardedRedisOptions) {
    this.#requestBound = { ms: timeoutMs, bypassBreaker: false };
    this.#longBound = { ms: this.#atLeast(LONG_TIMEOUT_MS), bypassBreaker: true };
    this.#metrics = metrics;
    this.#client = client;
    this.#outages = new RedisOutages({
      client,
      log,
      health,
      probeMs: timeoutMs,
      connectionError: () => this.#connectionError,
      onBack: (server) => this.#recovery.hold({ connection: 'commands', server }),
    });
    this.#recovery = new RedisRecovery({
      client,
      ping: (server, name) => withTimeout(this.#atLeast(PING_MS), client.ping(server, name)),
      now: () => performance.now(),
      setTimer: setBackgroundTimer,
    });
    this.#heartbeat = new RedisHeartbeat({
      client,
      pingMs: this.#atLeast(PING_MS),
      isDown: (server) => this.#outages.isDown(server),
      onFailure: (server, error, ping) => {
        const diagnosis = diagnose(error, this.#connectionError);
        if (!diagnosis.answered) this.#failed(server, diagnosis, ping);
      },
    });
    metrics.gauge(
      'redis_up',
      '1 if every Redis server responds and accepts commands, else 0',
      () => (this.#outages.acceptsCommands ? 1 : 0),
      'min',
    );
    client.onSubscriptionFailed((error) => this.#outages.subscriptionFailed(error));
    client.onError((error) => (this.#connectionError = error));
    client.onReady(() => (this.#connectionError = undefined));
  }

  /** Runs a command. The first argument must be a key. @throws RedisUnavailable and no other error. */
  call(name: string, args: readonly [string, ...RedisValue[]]): Promise<unknown> {
    return this.#guarded(name, args[0], this.#requestBound, () => this.#client.call(name, args));
  }

  /** Returns the values of keys in one slot. @throws RedisUnavailable and no other error. */
  read(keys: Keys): Promise<readonly StoredValue[]> {
    return this.#guarded('EVALSHA', keys[0], this.#requestBound, () => this.#client.read(keys));
  }

  /** Creates a function that runs a script and throws only RedisUnavailable. */
  script(lua: string): Script {
    return this.#script(lua, this.#requestBound);
  }

  /** Like `script`, with a longer time limit, and also run when Redis is known to be down. */
  longTimeoutScript(lua: string, connection: ScriptConnection = 'commands'): Script {
    return this.#script(lua, this.#longBound, connection);
  }

  /**
   * Creates a function that runs a script even if Redis is known to be down. It resolves to whether the effect
   * will survive a failover, and waits up to `waitMs` for a replica. Throws only RedisUnavailable.
   */
  durableScript(lua: string, waitMs: number): DurableScript {
    const run = this.#client.durableScript(lua, waitMs);
    return (keys, args) => this.#guarded('EVALSHA', keys[0], this.#longBound, () => run(keys, args));
  }

  /** Removes the keys of a server that match a pattern. @throws TimeoutError after 30 s, or Redis's error. */
  removeMatching(server: string, pattern: string): Promise<void> {
    return withTimeout(REMOVE_TIMEOUT_MS, this.#client.removeMatching(server, pattern));
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#client.subscribe(channel, onMessage);
  }

  /** Registers a listener that is called when the subscription has resumed: messages may have been missed. */
  onGap(listener: () => void): void {
    this.#client.onGap(listener);
  }

  /** Registers a listener that is called when a server stops responding. */
  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  /** Registers a listener that restores the lost writes of a server. Other operations on it fail until it resolves. */
  onRecovery(listener: (recovery: Recovery) => Promise<void>): void {
    this.#recovery.onRecovery(listener);
  }

  /** Returns the server of a key, as far as known: `<host>:<port>` in a Cluster, otherwise a constant. */
  serverOf(key: string): string {
    return this.#client.serverOf(key);
  }

  /** Returns whether the connections have been stable, so that all processes use the same servers. */
  isSettled(): boolean {
    return this.#recovery.isSettled();
  }

  /** Returns whether all connections lead to the server of a key, and it is restored. */
  isUp(key: string): boolean {
    const server = this.#client.serverOf(key);
    return (
      this.#client.isReady('commands', 'invalidations') &&
      !this.#recovery.isHeldBack('commands', server) &&
      !this.#recovery.isHeldBack('invalidations', server)
    );
  }

  /** Returns whether the server of a key responds, is restored, and has not refused a command lately. */
  isHealthy(key: string): boolean {
    if (this.#outages.size === 0 && this.#recovery.isIdle) return true;
    const server = this.#client.serverOf(key);
    return !this.#outages.affects(server) && !this.#recovery.isHeldBack('commands', server);
  }

  /** Starts to connect and waits briefly, so that the first requests find Redis ready if it is healthy. */
  async connect(): Promise<void> {
    const known = new Promise<void>((resolve) => {
      this.#client.onReady(resolve);
      this.#client.onError(() => resolve());
    });
    this.#client.connect();
    await withTimeout(this.#atLeast(CONNECT_WAIT_MS), known).catch(() => {});
    await this.#heartbeat.start();
  }

  close(): void {
    this.#heartbeat.stop();
    this.#outages.close();
    this.#recovery.close();
    this.#client.close();
  }

  #atLeast(ms: number): number {
    return Math.max(ms, this.#requestBound.ms);
  }

  #script(lua: string, bound: Bound, connection: ScriptConnection = 'commands'): Script {
    const run = this.#client.script(lua, connection);
    return (keys, args) => this.#guarded('EVALSHA', keys[0], bound, () => run(keys, args));
  }

  #guarded<T>(name: string, key: string, bound: Bound, operation: () => Promise<T>): Promise<T> {
    const server = this.#client.serverOf(key);
    if (!bound.bypassBreaker && !this.#isInUse(server)) return Promise.reject(new RedisUnavailable());
    if (!isTracing()) return this.#run(server, key, bound, operation);
    return traced(spanOf(name), (span) => this.#run(server, key, bound, operation, span));
  }

  #isInUse(server: string): boolean {
    if (this.#outages.isDown(server)) return false;
    // Without a connection, the operation fails and reports it.
    return !this.#recovery.isHeldBack('commands', server) || !this.#client.isReady('commands');
  }

  async #run<T>(
    server: string,
    key: string,
    bound: Bound,
    operation: () => Promise<T>,
    span?: { fail(errorType: string): void },
  ): Promise<T> {
    let result: T;
    try {
      result = await withTimeout(bound.ms, operation());
    } catch (error) {
      const diagnosis = diagnose(error, this.#connectionError);
      span?.fail(diagnosis.code);
      this.#metrics.redisFailure(diagnosis.code);
      // A server that responds with an error stays in use, because other commands may succeed.
      if (diagnosis.answered) this.#outages.refused(server, key, diagnosis);
      else this.#failed(server, diagnosis, () => this.#client.call('EXISTS', [key]));
      throw new RedisUnavailable(error);
    }
    const owner = this.#client.serverOf(key);
    if (owner === server || bound.bypassBreaker) return result;
    // The slot has a new owner, which may have lost writes and has not been restored yet.
    void this.#recovery.hold({ connection: 'commands', server: owner });
    throw new RedisUnavailable();
  }

  #failed(server: string, diagnosis: RedisDiagnosis, probe: () => Promise<unknown>): void {
    if (!this.#outages.failed(server, diagnosis, probe)) return;
    for (const listener of this.#downListeners) listener();
  }
}
