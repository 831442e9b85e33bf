import { withTimeout } from '../lib/with-timeout.ts';
import type { RedisClient } from './redis-client.ts';

export interface RedisHeartbeatOptions {
  readonly client: Pick<RedisClient, 'servers' | 'ping'>;
  /** Maximum milliseconds for one ping. */
  readonly pingMs: number;
  readonly isDown: (server: string) => boolean;
  readonly onFailure: (server: string, error: unknown, ping: () => Promise<void>) => void;
}

/** The time limit of a ping, unless requests wait longer. */
export const PING_MS = 500;
const INTERVAL_MS = 1000;

/** Pings every server in use each second, which detects an outage without traffic. */
export class RedisHeartbeat {
  readonly #options: RedisHeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedisHeartbeatOptions) {
    this.#options = options;
  }

  /** Resolves when every server has responded to the first ping, or has failed to. */
  async start(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => void this.#beat(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    const { client, pingMs, isDown, onFailure } = this.#options;
    const checks = client.servers().map(async (server) => {
      if (isDown(server)) return;
      const ping = () => client.ping(server);
      await withTimeout(pingMs, ping()).catch((error: unknown) => onFailure(server, error, ping));
    });
    await Promise.all(checks);
  }
}
