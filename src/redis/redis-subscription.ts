import { Cluster, type Redis } from 'ioredis';
import { withTimeout } from '../lib/with-timeout.ts';

const CHECK_MS = 1000;
/** A connection that has not replied for this long is dead. */
const DEAD_MS = 5000;

/**
 * The channels of a process, on a connection of their own. Subscribes again after each interruption, and after a
 * refusal until the server accepts it.
 */
export class RedisSubscription {
  readonly #connection: Redis | Cluster;
  readonly #channels = new Map<string, (message: string) => void>();
  readonly #gapListeners: (() => void)[] = [];
  readonly #checks: NodeJS.Timeout;
  /** The connection on which the server has accepted all channels. */
  #acceptedOn: Redis | undefined;
  #renewing: Promise<void> | undefined;
  #onFailed: (error: unknown) => void = () => {};

  constructor(connection: Redis | Cluster) {
    this.#connection = connection;
    connection.on('message', (channel: string, message: string) => this.#channels.get(channel)?.(message));
    connection.on('ready', () => this.#check());
    connection.on('close', () => (this.#acceptedOn = undefined));
    this.#checks = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#channels.set(channel, onMessage);
    if (this.#connection.status === 'ready')
      this.#connection.subscribe(channel).catch((error: unknown) => this.#onFailed(error));
  }

  /** Whether messages arrive, as far as known. */
  get isActive(): boolean {
    return this.#connection.status === 'ready' && (this.#isAccepted || this.#channels.size === 0);
  }

  /** Subscribes to all channels again. Rejects if the server refuses that, or is not connected. */
  renew(): Promise<void> {
    this.#renewing ??= this.verify()
      .then(() => {
        for (const listener of this.#gapListeners) listener();
      })
      .finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Rejects if the server refuses one of the channels, or is not connected. */
  async verify(): Promise<void> {
    const subscriber = subscriberOf(this.#connection);
    if (this.#channels.size > 0)
      await this.#withinLimit(subscriber, this.#connection.subscribe(...this.#channels.keys()));
    this.#acceptedOn = subscriber;
  }

  /** Registers a listener that is called when the subscription has resumed: messages may have been missed. */
  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  /** Sets the listener that is called with the error of each subscription that fails. */
  onFailed(listener: (error: unknown) => void): void {
    this.#onFailed = listener;
  }

  close(): void {
    clearInterval(this.#checks);
  }

  get #isAccepted(): boolean {
    return this.#acceptedOn !== undefined && this.#acceptedOn === subscriberOf(this.#connection);
  }

  /** Subscribes if that has not succeeded on this connection. A Cluster replaces the connection without an event. */
  #check(): void {
    if (this.#connection.status !== 'ready') return;
    if (this.#channels.size > 0 && !this.#isAccepted)
      this.renew().catch((error: unknown) => this.#onFailed(error));
    else this.#ping();
  }

  /** A connection on which nothing is sent may be dead without an error. */
  #ping(): void {
    const subscriber = subscriberOf(this.#connection);
    if (subscriber) this.#withinLimit(subscriber, subscriber.ping()).catch(() => {});
  }

  /** Closes the connection of a Cluster's subscriber without a reply. The others have a time limit of their own. */
  async #withinLimit(subscriber: Redis | undefined, reply: Promise<unknown>): Promise<void> {
    try {
      await withTimeout(DEAD_MS, reply);
    } catch (error) {
      const isDead = error instanceof Error && error.name === 'TimeoutError';
      if (isDead && this.#connection instanceof Cluster) subscriber?.disconnect();
      throw error;
    }
  }
}

/** Returns the connection that receives messages. That of a Cluster is private in the types of ioredis. */
function subscriberOf(connection: Redis | Cluster): Redis | undefined {
  if (!(connection instanceof Cluster)) return connection;
  const { subscriber } = connection as unknown as { subscriber: { getInstance(): Redis | null } };
  return subscriber.getInstance() ?? undefined;
}
