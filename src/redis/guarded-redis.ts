import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isTracing, traced } from '../telemetry/tracing.ts';
import type { SpanSettings } from '../telemetry/span.ts';
import { ONLY_SERVER, type RedisClient, type RedisValue } from './redis-client.ts';
import { faultOf, type RedisFault } from './redis-fault.ts';
import type { StoredValue } from './stored-value.ts';
import { withTimeout } from '../lib/with-timeout.ts';

/** The one failure of everything remote: whoever asked goes on without Redis. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super('Redis is not available', { cause });
    this.name = 'RedisUnavailable';
  }
}

type Keys = readonly [string, ...string[]];
export type Script = (keys: Keys, args: readonly RedisValue[]) => Promise<unknown>;
export type DurableScript = (keys: Keys, args: readonly RedisValue[]) => Promise<boolean>;

/** How long an operation may take, and whether it is tried even where Redis is known to be down. */
interface Bound {
  readonly ms: number;
  readonly bypassBreaker: boolean;
}

export interface GuardedRedisOptions {
  readonly client: RedisClient;
  readonly log: Log;
  readonly health: Health;
  /** The most milliseconds that a request waits for Redis. */
  readonly timeoutMs: number;
  readonly metrics: Pick<Metrics, 'redisFailure' | 'gauge'>;
}

/** What has no going on without Redis is worth a longer wait. */
const PATIENT_MS = 1500;
/** Less than anybody minds at a start. */
const CONNECT_WAIT_MS = 1000;
/** Trouble is noticed, and told, even where nobody asks for anything. */
const HEARTBEAT_MS = 1000;
const HEARTBEAT_BOUND_MS = 500;
const PROBE_FIRST_MS = 100;
const PROBE_MOST_MS = 1000;
/** Commands that are refused are not all the same one: a while without a refusal is a sign, one success is none. */
const REFUSAL_QUIET_MS = 1500;

/** What a server can be, by the name that readiness gives it, and what the log says of it. */
const DOWN = {
  component: 'redis',
  began: 'Redis does not answer: going on without it',
  ended: 'Redis answers again',
};
const REFUSING = {
  component: 'redis:commands',
  began: 'Redis refuses commands',
  ended: 'Redis takes commands again',
};
type Outage = typeof DOWN;

/**
 * The function that everything remote goes through. It bounds the wait, and after the first failure lets
 * nobody wait again until a probe in the background has found the server well; of a Cluster, that server
 * alone. Log and readiness hear of each change of state once.
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
  /** At least as long as a request waits, and so are the other bounds off its path. */
  readonly #patientBound: Bound;
  #connectionError: Error | undefined;

  constructor({ client, log, health, timeoutMs, metrics }: GuardedRedisOptions) {
    this.#requestBound = { ms: timeoutMs, bypassBreaker: false };
    this.#patientBound = { ms: this.#atLeast(PATIENT_MS), bypassBreaker: true };
    this.#metrics = metrics;
    this.#client = client;
    this.#log = log;
    this.#health = health;
    metrics.gauge(
      'redis_up',
      '1 while every server of Redis answers and takes commands',
      () => (this.#outages.size === 0 ? 1 : 0),
      'min',
    );
    client.onError((error) => (this.#connectionError = error));
    client.onReady(() => (this.#connectionError = undefined));
  }

  /** @throws RedisUnavailable and nothing else. The first argument is a key. */
  call(name: string, args: readonly [string, ...RedisValue[]]): Promise<unknown> {
    return this.#guarded(name, args[0], this.#requestBound, () => this.#client.call(name, args));
  }

  /** Values of keys of one slot. @throws RedisUnavailable and nothing else. */
  read(keys: Keys): Promise<readonly StoredValue[]> {
    return this.#guarded('EVALSHA', keys[0], this.#requestBound, () => this.#client.read(keys));
  }

  /** A script, each run of which throws RedisUnavailable and nothing else. */
  script(lua: string): Script {
    return this.#script(lua, this.#requestBound);
  }

  /** The same, tried for longer and even where Redis is known to be down. */
  longTimeoutScript(lua: string): Script {
    return this.#script(lua, this.#patientBound);
  }

  /**
   * A script that is tried even where Redis is known to be down, and resolves to whether its effect will
   * survive a failover, for which a replica is waited for `waitMs`. Throws RedisUnavailable and nothing else.
   */
  durableScript(lua: string, waitMs: number): DurableScript {
    const run = this.#client.durableScript(lua, waitMs);
    return (keys, args) => this.#guarded('EVALSHA', keys[0], this.#patientBound, () => run(keys, args));
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#client.subscribe(channel, onMessage);
  }

  /** Told when messages are heard again, some of which may have been missed. */
  onGap(listener: () => void): void {
    this.#client.onGap(listener);
  }

  /** Told when a server stops answering. */
  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  /** Begins to connect, and gives it a moment, so that the first requests find Redis where it is well. */
  async connect(): Promise<void> {
    const known = new Promise<void>((resolve) => {
      this.#client.onReady(resolve);
      this.#client.onError(() => resolve());
    });
    this.#client.connect();
    await withTimeout(this.#atLeast(CONNECT_WAIT_MS), known).catch(() => {});
    await this.#heartbeat();
    const beats = setInterval(() => void this.#heartbeat(), HEARTBEAT_MS).unref();
    this.#closed.signal.addEventListener('abort', () => clearInterval(beats));
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
      // Where it answers, and quickly, what it still does is worth asking for.
      if (fault.answered) this.#refused(server, key, fault);
      else this.#failed(server, fault, () => this.#client.call('EXISTS', [key]));
      throw new RedisUnavailable(error);
    }
  }

  async #heartbeat(): Promise<void> {
    const beats = this.#client.servers().map(async (server) => {
      if (this.#outages.has(nameOf(DOWN, server))) return;
      const ping = () => this.#client.ping(server);
      await withTimeout(this.#atLeast(HEARTBEAT_BOUND_MS), ping()).catch((error: unknown) => {
        const fault = faultOf(error, this.#connectionError);
        if (!fault.answered) this.#failed(server, fault, ping);
      });
    });
    await Promise.all(beats);
  }

  #failed(server: string, fault: RedisFault, probe: () => Promise<unknown>): void {
    if (this.#beginOutage(DOWN, server, fault, probe)) for (const listener of this.#downListeners) listener();
  }

  #refused(server: string, key: string, fault: RedisFault): void {
    this.#refusedAt.set(server, performance.now());
    this.#beginOutage(REFUSING, server, fault, async () => {
      if (performance.now() - this.#refusedAt.get(server)! < REFUSAL_QUIET_MS) throw new RedisUnavailable();
      await this.#client.call('SET', [`${key}:probe`, '', 'PX', PROBE_MOST_MS]);
    });
  }

  #beginOutage(trouble: Outage, server: string, fault: RedisFault, probe: () => Promise<unknown>): boolean {
    const component = nameOf(trouble, server);
    if (this.#outages.has(component) || this.#closed.signal.aborted) return false;
    const { code, advice } = fault;
    this.#outages.add(component);
    this.#health.fail(component, `${code}: ${advice}`);
    this.#log.error({ component, code, advice }, trouble.began);
    const attempt = (delayMs: number) => {
      const timer = setTimeout(() => {
        if (this.#closed.signal.aborted) return;
        withTimeout(this.#requestBound.ms, probe()).then(
          () => this.#endOutage(trouble, component),
          (error: unknown) => {
            this.#stillFails(component, error);
            attempt(Math.min(delayMs * 2, PROBE_MOST_MS));
          },
        );
      }, delayMs);
      timer.unref();
    };
    attempt(PROBE_FIRST_MS);
    return true;
  }

  /** The reason may become clearer, or another: readiness tells the latest one. */
  #stillFails(component: string, error: unknown): void {
    if (error instanceof RedisUnavailable) return;
    const { code, advice } = faultOf(error, this.#connectionError);
    if (code !== 'UNCONNECTED') this.#health.fail(component, `${code}: ${advice}`);
  }

  #endOutage(trouble: Outage, component: string): void {
    this.#outages.delete(component);
    this.#health.recover(component);
    this.#log.info({ component }, trouble.ended);
  }
}

/** By OpenTelemetry's semantic conventions for database clients; never with a key. */
function spanOf(command: string): SpanSettings {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': command };
  return { name: command, kind: 'client', attributes };
}

function nameOf({ component }: Outage, server: string): string {
  return server === ONLY_SERVER ? component : `${component}:${server}`;
}
