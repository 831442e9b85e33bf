import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import { ONLY_SERVER, type RedisClient, type RedisValue } from './redis-client.ts';
import { faultOf, type RedisFault } from './redis-fault.ts';

/** The one failure of everything remote: whoever asked goes on without Redis. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super('Redis is not available', { cause });
    this.name = 'RedisUnavailable';
  }
}

export type Script = (
  keys: readonly [string, ...string[]],
  args: readonly RedisValue[],
  bound?: Bound,
) => Promise<unknown>;

/** How long an operation may take, and whether it is tried even where Redis is known to be down. */
export interface Bound {
  readonly ms: number;
  readonly evenIfDown: boolean;
}

export interface RedisLinkOptions {
  readonly client: RedisClient;
  readonly log: Log;
  readonly health: Health;
}

/** On the path of a request: what Redis costs at most where it does not answer. */
const REQUEST_BOUND: Bound = { ms: 80, evenIfDown: false };
/** Less than anybody minds at a start. */
const CONNECT_WAIT_MS = 300;
const PROBE_BOUND_MS = 500;
const PROBE_FIRST_MS = 100;
const PROBE_MOST_MS = 1000;
/** Components, as readiness names them. */
const REDIS = 'redis';
const REFUSES = 'redis:commands';

/**
 * The function that everything remote goes through. It bounds the wait, and after the first failure lets
 * nobody wait again until a probe in the background has found the server well; of a Cluster, that server
 * alone. Log and readiness hear of each change of state once.
 */
export class RedisLink {
  readonly #client: RedisClient;
  readonly #log: Log;
  readonly #health: Health;
  readonly #down = new Map<string, AbortController>();
  readonly #downListeners: (() => void)[] = [];
  #connectionError: Error | undefined;

  constructor({ client, log, health }: RedisLinkOptions) {
    this.#client = client;
    this.#log = log;
    this.#health = health;
    client.onError((error) => (this.#connectionError = error));
    client.onReady(() => (this.#connectionError = undefined));
  }

  /** @throws RedisUnavailable and nothing else. The first argument is a key. */
  call(name: string, args: readonly [string, ...RedisValue[]]): Promise<unknown> {
    return this.#guarded(args[0], REQUEST_BOUND, () => this.#client.call(name, args));
  }

  /** A script, each run of which throws RedisUnavailable and nothing else. */
  script(lua: string): Script {
    const run = this.#client.script(lua);
    return async (keys, args, bound = REQUEST_BOUND) => {
      const reply = await this.#guarded(keys[0], bound, () => run(keys, args));
      if (this.#health.recover(REFUSES)) this.#log.info({ component: REFUSES }, 'Redis takes commands again');
      return reply;
    };
  }

  /**
   * Waits until a replica has what was written to the key's server, for at most `timeoutMs`.
   *
   * @returns whether one has. @throws RedisUnavailable
   */
  async replicated(key: string, timeoutMs: number): Promise<boolean> {
    const bound = { ms: timeoutMs + REQUEST_BOUND.ms, evenIfDown: true };
    return (await this.#guarded(key, bound, () => this.#client.replicated(key, 1, timeoutMs))) > 0;
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
    const ready = new Promise<void>((resolve) => this.#client.onReady(resolve));
    this.#client.connect();
    await within(CONNECT_WAIT_MS, ready).catch(() => {});
  }

  close(): void {
    for (const probing of this.#down.values()) probing.abort();
    this.#client.close();
  }

  async #guarded<T>(key: string, bound: Bound, operation: () => Promise<T>): Promise<T> {
    const server = this.#client.serverOf(key);
    if (this.#down.has(server) && !bound.evenIfDown) throw new RedisUnavailable();
    try {
      return await within(bound.ms, operation());
    } catch (error) {
      this.#failed(server, key, faultOf(error, this.#connectionError));
      throw new RedisUnavailable(error);
    }
  }

  #failed(server: string, key: string, fault: RedisFault): void {
    const { code, advice } = fault;
    if (fault.answered) {
      // It answers, and quickly: what it still does is worth asking for.
      if (this.#health.fail(REFUSES, `${code}: ${advice}`))
        this.#log.error({ component: REFUSES, server, code, advice }, 'Redis refuses commands');
      return;
    }
    if (this.#down.has(server)) return;
    const probing = new AbortController();
    this.#down.set(server, probing);
    const component = componentOf(server);
    this.#health.fail(component, `${code}: ${advice}`);
    this.#log.error({ component, code, advice }, 'Redis does not answer: going on without it');
    for (const listener of this.#downListeners) listener();
    this.#probe(server, key, probing.signal, PROBE_FIRST_MS);
  }

  #probe(server: string, key: string, closed: AbortSignal, delayMs: number): void {
    setTimeout(() => {
      if (closed.aborted) return;
      within(PROBE_BOUND_MS, this.#client.call('EXISTS', [key])).then(
        () => this.#recovered(server),
        () => this.#probe(server, key, closed, Math.min(delayMs * 2, PROBE_MOST_MS)),
      );
    }, delayMs).unref();
  }

  #recovered(server: string): void {
    if (!this.#down.delete(server)) return;
    const component = componentOf(server);
    this.#health.recover(component);
    this.#log.info({ component }, 'Redis answers again');
  }
}

function componentOf(server: string): string {
  return server === ONLY_SERVER ? REDIS : `${REDIS}:${server}`;
}

/** The operation's outcome, or a TimeoutError. The operation itself may go on; its outcome is dropped. */
function within<T>(ms: number, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(new DOMException('Redis took too long', 'TimeoutError'));
    // After a stall of this process timers come before the replies that have long arrived: let those in first.
    const timer = setTimeout(() => setImmediate(() => setImmediate(expire)), ms);
    operation.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
