import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isTracing, traced } from '../telemetry/tracing.ts';
import type { SpanSettings } from '../telemetry/span.ts';
import { ONLY_SERVER, type RedisClient, type RedisValue } from './redis-client.ts';
import { faultOf, type RedisFault } from './redis-fault.ts';
import type { StoredValue } from './stored-value.ts';
import { withTimeout } from '../lib/with-timeout.ts';

/** The only error of a Redis operation. Callers fall back to running without Redis. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super('Redis is not available', { cause });
    this.name = 'RedisUnavailable';
  }
}

type Keys = readonly [string, ...string[]];
export type Script = (keys: Keys, args: readonly RedisValue[]) => Promise<unknown>;
export type DurableScript = (keys: Keys, args: readonly RedisValue[]) => Promise<boolean>;

/** The time limit of an operation, and whether it runs although Redis is known to be down. */
interface Bound {
  readonly ms: number;
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

/** The time limit of operations that have no fallback without Redis. */
const LONG_TIMEOUT_MS = 1500;
/** The maximum wait for Redis at startup. */
const CONNECT_WAIT_MS = 1000;
/** The interval of the heartbeat, which detects and reports an outage without traffic. */
const HEARTBEAT_MS = 1000;
const HEARTBEAT_BOUND_MS = 500;
const PROBE_FIRST_MS = 100;
const PROBE_MAX_MS = 1000;
/**
 * The time without a refusal after which refusals count as over. A single successful command is not enough,
 * because Redis may refuse other commands.
 */
const REFUSAL_QUIET_MS = 1500;

/** The kinds of outage, with the component name for readiness and the log messages. */
const DOWN = {
  component: 'redis',
  began: 'redis unreachable, continuing without it',
  ended: 'redis reachable again',
};
const REFUSING = {
  component: 'redis:commands',
  began: 'redis rejects commands',
  ended: 'redis accepts commands again',
};
type Outage = typeof DOWN;

/**
 * Guards all Redis operations with a time limit and a circuit breaker. After the first failure, operations fail
 * fast until a background probe succeeds; in a Cluster, per server. Each change of state is logged and reported
 * to readiness once.
 */
export class GuardedRedis {
  readonly #client: RedisClient;
  readonly #log: Log;
  readonly #health: Health;
  readonly #metrics: GuardedRedisOptions['metrics'];
  readonly #outages = new Set<string>();
  readonly #refusedAt = new Map<string, number>();
  readonly #downListeners: (() => void)[] = [];
  readonly #closed = new AbortController();
  readonly #requestBound: Bound;
  /**
   * The limit of operations without a fallback; like the limits of background operations, at least the
   * request's limit.
   */
  readonly #longBound: Bound;
  #connectionError: Error | undefined;

  constructor({ client, log, health, timeoutMs, metrics }: GuardedRedisOptions) {
    this.#requestBound = { ms: timeoutMs, bypassBreaker: false };
    this.#longBound = { ms: this.#atLeast(LONG_TIMEOUT_MS), bypassBreaker: true };
    this.#metrics = metrics;
    this.#client = client;
    this.#log = log;
    this.#health = health;
    metrics.gauge(
      'redis_up',
      '1 if every Redis server responds and accepts commands, else 0',
      () => (this.#outages.size === 0 ? 1 : 0),
      'min',
    );
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
  longTimeoutScript(lua: string): Script {
    return this.#script(lua, this.#longBound);
  }

  /**
   * Creates a function that runs a script even if Redis is known to be down. It resolves to whether the effect
   * will survive a failover, and waits up to `waitMs` for a replica. Throws only RedisUnavailable.
   */
  durableScript(lua: string, waitMs: number): DurableScript {
    const run = this.#client.durableScript(lua, waitMs);
    return (keys, args) => this.#guarded('EVALSHA', keys[0], this.#longBound, () => run(keys, args));
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#client.subscribe(channel, onMessage);
  }

  /**
   * Registers a listener that is called when the subscription has resumed, because messages may have been
   * missed.
   */
  onGap(listener: () => void): void {
    this.#client.onGap(listener);
  }

  /** Registers a listener that is called when a server stops responding. */
  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  /** Starts to connect and waits briefly, so that the first requests find Redis ready if it is healthy. */
  async connect(): Promise<void> {
    const known = new Promise<void>((resolve) => {
      this.#client.onReady(resolve);
      this.#client.onError(() => resolve());
    });
    this.#client.connect();
    await withTimeout(this.#atLeast(CONNECT_WAIT_MS), known).catch(() => {});
    await this.#heartbeat();
    const heartbeat = setInterval(() => void this.#heartbeat(), HEARTBEAT_MS).unref();
    this.#closed.signal.addEventListener('abort', () => clearInterval(heartbeat));
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  #atLeast(ms: number): number {
    return Math.max(ms, this.#requestBound.ms);
  }

  #script(lua: string, bound: Bound): Script {
    const run = this.#client.script(lua);
    return (keys, args) => this.#guarded('EVALSHA', keys[0], bound, () => run(keys, args));
  }

  #guarded<T>(name: string, key: string, bound: Bound, operation: () => Promise<T>): Promise<T> {
    const server = this.#client.serverOf(key);
    if (!bound.bypassBreaker && this.#outages.has(nameOf(DOWN, server)))
      return Promise.reject(new RedisUnavailable());
    if (!isTracing()) return this.#run(server, key, bound, operation);
    return traced(spanOf(name), (span) => this.#run(server, key, bound, operation, span));
  }

  async #run<T>(
    server: string,
    key: string,
    bound: Bound,
    operation: () => Promise<T>,
    span?: { fail(errorType: string): void },
  ): Promise<T> {
    try {
      return await withTimeout(bound.ms, operation());
    } catch (error) {
      const fault = faultOf(error, this.#connectionError);
      span?.fail(fault.code);
      this.#metrics.redisFailure(fault.code);
      // A server that responds with an error stays in use, because other commands may succeed.
      if (fault.answered) this.#refused(server, key, fault);
      else this.#failed(server, fault, () => this.#client.call('EXISTS', [key]));
      throw new RedisUnavailable(error);
    }
  }

  async #heartbeat(): Promise<void> {
    const checks = this.#client.servers().map(async (server) => {
      if (this.#outages.has(nameOf(DOWN, server))) return;
      const ping = () => this.#client.ping(server);
      await withTimeout(this.#atLeast(HEARTBEAT_BOUND_MS), ping()).catch((error: unknown) => {
        const fault = faultOf(error, this.#connectionError);
        if (!fault.answered) this.#failed(server, fault, ping);
      });
    });
    await Promise.all(checks);
  }

  #failed(server: string, fault: RedisFault, probe: () => Promise<unknown>): void {
    if (this.#beginOutage(DOWN, server, fault, probe)) for (const listener of this.#downListeners) listener();
  }

  #refused(server: string, key: string, fault: RedisFault): void {
    this.#refusedAt.set(server, performance.now());
    this.#beginOutage(REFUSING, server, fault, async () => {
      if (performance.now() - this.#refusedAt.get(server)! < REFUSAL_QUIET_MS) throw new RedisUnavailable();
      await this.#client.call('SET', [`${key}:probe`, '', 'PX', PROBE_MAX_MS]);
    });
  }

  #beginOutage(outage: Outage, server: string, fault: RedisFault, probe: () => Promise<unknown>): boolean {
    const component = nameOf(outage, server);
    if (this.#outages.has(component) || this.#closed.signal.aborted) return false;
    const { code, advice } = fault;
    this.#outages.add(component);
    this.#health.fail(component, `${code}: ${advice}`);
    this.#log.error({ component, code, advice }, outage.began);
    const attempt = (delayMs: number) => {
      const timer = setTimeout(() => {
        if (this.#closed.signal.aborted) return;
        withTimeout(this.#requestBound.ms, probe()).then(
          () => this.#endOutage(outage, component),
          (error: unknown) => {
            this.#stillFails(component, error);
            attempt(Math.min(delayMs * 2, PROBE_MAX_MS));
          },
        );
      }, delayMs);
      timer.unref();
    };
    attempt(PROBE_FIRST_MS);
    return true;
  }

  /** Reports the latest reason to readiness, because the reason may change or become clearer. */
  #stillFails(component: string, error: unknown): void {
    if (error instanceof RedisUnavailable) return;
    const { code, advice } = faultOf(error, this.#connectionError);
    if (code !== 'UNCONNECTED') this.#health.fail(component, `${code}: ${advice}`);
  }

  #endOutage(outage: Outage, component: string): void {
    this.#outages.delete(component);
    this.#health.recover(component);
    this.#log.info({ component }, outage.ended);
  }
}

/**
 * Returns the span settings of a command (OpenTelemetry semantic conventions for database clients); never
 * contains a key.
 */
function spanOf(command: string): SpanSettings {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': command };
  return { name: command, kind: 'client', attributes };
}

function nameOf({ component }: Outage, server: string): string {
  return server === ONLY_SERVER ? component : `${component}:${server}`;
}
