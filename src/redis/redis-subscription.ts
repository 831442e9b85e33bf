import type { Cluster, Redis } from 'ioredis';

const PING_MS = 1000;

/** The channels of a process, on a connection of their own. Subscribes again after each interruption. */
export class RedisSubscription {
  readonly #connection: Redis | Cluster;
  readonly #channels = new Map<string, (message: string) => void>();
  readonly #gapListeners: (() => void)[] = [];
  readonly #pings: NodeJS.Timeout;
  #isRenewed = false;
  #onFailed: (error: unknown) => void = () => {};

  constructor(connection: Redis | Cluster) {
    this.#connection = connection;
    connection.on('message', (channel: string, message: string) => this.#channels.get(channel)?.(message));
    connection.on('ready', () => {
      if (this.#channels.size > 0) this.renew().catch((error: unknown) => this.#onFailed(error));
    });
    connection.on('close', () => (this.#isRenewed = false));
    // A connection on which nothing is sent may be dead without an error.
    this.#pings = setInterval(() => {
      if (connection.status === 'ready') connection.call('PING').catch(ignore);
    }, PING_MS).unref();
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#channels.set(channel, onMessage);
    if (this.#connection.status === 'ready')
      this.#connection.subscribe(channel).catch((error: unknown) => this.#onFailed(error));
  }

  /** Whether messages arrive, as far as known. */
  get isActive(): boolean {
    return this.#connection.status === 'ready' && (this.#isRenewed || this.#channels.size === 0);
  }

  /** Subscribes to all channels again. Rejects if the server refuses that, or is not connected. */
  async renew(): Promise<void> {
    await this.verify();
    this.#isRenewed = true;
    for (const listener of this.#gapListeners) listener();
  }

  /** Rejects if the server refuses one of the channels, or is not connected. */
  async verify(): Promise<void> {
    if (this.#channels.size > 0) await this.#connection.subscribe(...this.#channels.keys());
  }

  /** Registers a listener that is called when the subscription has resumed: messages may have been missed. */
  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  /** Sets the listener for a subscription that failed. It is not repeated until the connection is ready again. */
  onFailed(listener: (error: unknown) => void): void {
    this.#onFailed = listener;
  }

  close(): void {
    clearInterval(this.#pings);
  }
}

/** Ignores failures from which the connection recovers. */
function ignore(): void {}
