import type { RedisClient } from './redis-client.ts';
import type { RedisSettings } from './redis-settings.ts';
import type { RunScript } from './run-script.ts';
import { withTimeout } from '../lib/with-timeout.ts';

const VERIFY_MS = 1500;
const RETRY_MS = 250;
/** The time after which an attempt counts as failed if its connections have reported no error. */
const CONNECT_MS = 3000;
/** The delay before replaced connections are closed, longer than any command in flight. */
const RETIRE_MS = 5000;

export interface ReplacementListener {
  /** Invoked once every connection uses the new settings. */
  onReplaced(): void;
  /** Invoked with the reason after each failed attempt; the previous connections stay in use. */
  onFailed(error: unknown): void;
}

export interface ReplaceableRedis extends RedisClient {
  /**
   * Opens connections with other settings and switches to them when all of them work. Until then the current
   * ones stay in use. A later call cancels an earlier one that has not finished.
   */
  replace(next: RedisSettings, listener: ReplacementListener): void;
  /** Cancels a replacement that has not finished. */
  cancelReplacement(): void;
}

/** Wraps a client so that all its connections can be replaced, subscriptions and scripts included. */
export function replaceableRedis(
  settings: RedisSettings,
  open: (settings: RedisSettings) => RedisClient,
): ReplaceableRedis {
  let current = open(settings);
  let pending: { readonly client: RedisClient; timer?: NodeJS.Timeout } | undefined;
  const retired = new Set<RedisClient>();
  const setups: ((client: RedisClient) => void)[] = [];
  const replacedListeners: (() => void)[] = [];

  function setUp(apply: (client: RedisClient) => void): void {
    setups.push(apply);
    apply(current);
  }

  /** Returns a getter that prepares a function once per client. */
  function perClient<T>(prepare: (client: RedisClient) => T): () => T {
    let owner = current;
    let prepared = prepare(owner);
    return () => {
      if (owner !== current) [owner, prepared] = [current, prepare(current)];
      return prepared;
    };
  }

  function cancelReplacement(): void {
    clearTimeout(pending?.timer);
    pending?.client.close();
    pending = undefined;
  }

  function retire(client: RedisClient): void {
    retired.add(client);
    setTimeout(() => {
      retired.delete(client);
      client.close();
    }, RETIRE_MS).unref();
  }

  function replace(next: RedisSettings, listener: ReplacementListener): void {
    cancelReplacement();
    const client = open(next);
    const attempted: NonNullable<typeof pending> = { client };
    const begun = performance.now();
    let reason: unknown;
    pending = attempted;
    client.onError((error) => (reason = error));
    for (const apply of setups) apply(client);
    client.connect();
    const attempt = async () => {
      try {
        await withTimeout(VERIFY_MS, client.verify());
        if (pending !== attempted) return;
        retire(current);
        [current, pending] = [client, undefined];
        for (const replaced of replacedListeners) replaced();
        listener.onReplaced();
      } catch (error) {
        if (pending !== attempted) return;
        if (reason === undefined && performance.now() - begun > CONNECT_MS) reason = error;
        if (reason !== undefined) listener.onFailed(reason);
        attempted.timer = setTimeout(() => void attempt(), RETRY_MS).unref();
      }
    };
    void attempt();
  }

  return {
    call: (name, args) => current.call(name, args),
    read: (keys) => current.read(keys),
    script(lua, connection) {
      const script = perClient((client) => client.script(lua, connection));
      return (keys, args) => script()(keys, args);
    },
    durableScript(lua, waitMs) {
      const script = perClient((client) => client.durableScript(lua, waitMs));
      return (...run: Parameters<RunScript>) => script()(...run);
    },
    serverOf: (key) => current.serverOf(key),
    servers: () => current.servers(),
    ping: (server, connection) => current.ping(server, connection),
    removeMatching: (server, pattern) => current.removeMatching(server, pattern),
    isReady: (...names) => current.isReady(...names),
    onChange(listener) {
      // Other connections may lead to another server.
      replacedListeners.push(() => {
        for (const server of current.servers())
          for (const connection of ['commands', 'invalidations'] as const)
            listener({ connection, server, state: 'moved' });
      });
      setUp((client) =>
        client.onChange((change) => {
          if (client === current) listener(change);
        }),
      );
    },
    verify: () => current.verify(),
    onError: (listener) =>
      setUp((client) =>
        client.onError((error) => {
          if (client === current) listener(error);
        }),
      ),
    onReady(listener) {
      replacedListeners.push(listener);
      setUp((client) =>
        client.onReady(() => {
          if (client === current) listener();
        }),
      );
    },
    subscribe: (channel, onMessage) =>
      setUp((client) =>
        client.subscribe(channel, (message) => {
          if (client === current) onMessage(message);
        }),
      ),
    onSubscriptionFailed: (listener) =>
      setUp((client) =>
        client.onSubscriptionFailed((error) => {
          if (client === current) listener(error);
        }),
      ),
    renewSubscription: () => current.renewSubscription(),
    onGap(listener) {
      // Messages may be missed between the last message of the old connection and the first message of the new
      // one.
      replacedListeners.push(listener);
      setUp((client) =>
        client.onGap(() => {
          if (client === current) listener();
        }),
      );
    },
    connect: () => current.connect(),
    close() {
      cancelReplacement();
      for (const client of retired) client.close();
      current.close();
    },
    replace,
    cancelReplacement,
  };
}
