import type { SetTimer } from '../lib/timers.ts';
import { CONNECTION_NAMES, type ConnectionChange } from './connection-changes.ts';
import type { RedisClient, ScriptConnection } from './redis-client.ts';

/** A server that may have lost writes, and the connection that has reached it. */
export interface Recovery {
  readonly connection: ScriptConnection;
  readonly server: string;
}

export interface RedisRecoveryOptions {
  readonly client: Pick<RedisClient, 'onChange' | 'isReady'>;
  /** Rejects if the server does not respond in time. */
  readonly ping: (server: string, connection: ScriptConnection) => Promise<void>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly setTimer: SetTimer;
}

/**
 * The time after a change of a connection in which processes may use different servers: a failover switches them
 * one after the other.
 */
const SETTLE_MS = 1000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1000;

/**
 * Holds a server back after a connection was lost, or leads to another server, until every listener has restored
 * there what must not be lost.
 */
export class RedisRecovery {
  readonly #options: RedisRecoveryOptions;
  readonly #listeners: ((recovery: Recovery) => Promise<void>)[] = [];
  /** The latest attempt of each server held back. */
  readonly #attempts = new Map<string, symbol>();
  readonly #released = new Map<string, PromiseWithResolvers<void>>();
  readonly #reached = new Set<string>();
  #changedAt = -Infinity;
  #isClosed = false;

  constructor(options: RedisRecoveryOptions) {
    this.#options = options;
    options.client.onChange((change) => this.#changed(change));
  }

  /** Registers a listener that restores a server. If it rejects, it is called again. */
  onRecovery(listener: (recovery: Recovery) => Promise<void>): void {
    this.#listeners.push(listener);
  }

  /** Whether no server is held back. */
  get isIdle(): boolean {
    return this.#attempts.size === 0;
  }

  isHeldBack(connection: ScriptConnection, server: string): boolean {
    return this.#attempts.size > 0 && this.#attempts.has(nameOf(connection, server));
  }

  /** Returns whether all connections have been ready for a while, so that all processes use the same servers. */
  isSettled(): boolean {
    const { client, now } = this.#options;
    return (
      this.#attempts.size === 0 && client.isReady(...CONNECTION_NAMES) && now() - this.#changedAt >= SETTLE_MS
    );
  }

  /** Holds a server back, and resolves when it is restored. */
  hold(recovery: Recovery): Promise<void> {
    this.#changedAt = this.#options.now();
    const name = nameOf(recovery.connection, recovery.server);
    const released = this.#released.get(name) ?? Promise.withResolvers<void>();
    this.#released.set(name, released);
    if (!this.#attempts.has(name)) this.#attempt(recovery, 0);
    return released.promise;
  }

  close(): void {
    this.#isClosed = true;
  }

  #changed({ connection, server, state }: ConnectionChange): void {
    const name = `${connection}@${server}`;
    // The first connection to a server that has not moved has no history that the server could have lost.
    const isFirst = state !== 'moved' && !this.#reached.has(name);
    if (state !== 'lost') this.#reached.add(name);
    if (state === 'lost' || !isFirst) this.#changedAt = this.#options.now();
    if (connection === 'subscription') return;
    if (!isFirst) this.#attempt({ connection, server }, state === 'lost' ? RETRY_FIRST_MS : 0);
    else if (state === 'ready') this.#restore({ connection, server }).catch(() => {});
  }

  /** Runs the listeners once. */
  async #restore(recovery: Recovery): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener(recovery)));
  }

  #attempt(recovery: Recovery, delayMs: number): void {
    const { ping, setTimer } = this.#options;
    const name = nameOf(recovery.connection, recovery.server);
    const attempt = Symbol(name);
    this.#attempts.set(name, attempt);
    const isCurrent = () => this.#attempts.get(name) === attempt && !this.#isClosed;
    const run = async (): Promise<void> => {
      try {
        await ping(recovery.server, recovery.connection);
        await this.#restore(recovery);
        if (!isCurrent()) return;
        this.#attempts.delete(name);
        this.#released.get(name)?.resolve();
        this.#released.delete(name);
      } catch {
        // The operations report the failure.
        const nextMs = Math.min(Math.max(delayMs * 2, RETRY_FIRST_MS), RETRY_MAX_MS);
        if (isCurrent()) this.#attempt(recovery, nextMs);
      }
    };
    if (delayMs === 0) return void run();
    setTimer(delayMs, () => {
      if (isCurrent()) void run();
    });
  }
}

function nameOf(connection: ScriptConnection, server: string): string {
  return `${connection}@${server}`;
}
