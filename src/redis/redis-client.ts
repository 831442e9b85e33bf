import calculateSlot from 'cluster-key-slot';
import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from './redis-settings.ts';

export type RedisValue = string | number | Buffer;

/** What is common to one server, a Sentinel's master and a Cluster. No bound and no retry of its own. */
export interface RedisClient {
  /** Bulk strings in replies are Buffers. Rejects at once while there is no connection. */
  call(name: string, args: readonly RedisValue[]): Promise<unknown>;
  /** Loads the script where a server does not know it. */
  script(lua: string): (keys: readonly string[], args: readonly RedisValue[]) => Promise<unknown>;
  /** How many replicas hold all that was written to this key's server so far (WAIT). */
  replicated(key: string, replicas: number, timeoutMs: number): Promise<number>;
  /** The server that a key lives on, as far as is known. */
  serverOf(key: string): string;
  /** Told the latest reason why there is no connection. */
  onError(listener: (error: Error) => void): void;
  onReady(listener: () => void): void;
  /** Messages of a channel, on a connection of its own that subscribes again after each interruption. */
  subscribe(channel: string, onMessage: (message: string) => void): void;
  /** Told when messages are heard again, some of which may have been missed. */
  onGap(listener: () => void): void;
  /** Begins to connect, and goes on trying for as long as it takes. */
  connect(): void;
  close(): void;
}

/** What `serverOf` says where there is but one. */
export const ONLY_SERVER = 'server';

const CONNECT_TIMEOUT_MS = 1000;
/** A connection on which an answer is this late is taken for dead, and made anew. */
const SOCKET_TIMEOUT_MS = 3000;
const SUBSCRIBER_PING_MS = 1000;
const READONLY_RECONNECT_MS = 1000;

/** ioredis's defaults keep a command for over a minute while Redis is down: here it fails, and at once. */
function connectionOptions(settings: RedisSettings) {
  return {
    ...(settings.username !== undefined && { username: settings.username }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...(settings.tls && { tls: {} }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    reconnectOnError: reconnectAfterFailover(),
    connectionName: 'zyntro-bff',
  };
}

/** A master that became a replica answers READONLY on a connection that only a new one leads away from. */
function reconnectAfterFailover(): (error: Error) => boolean {
  let last = -Infinity;
  return (error) => {
    if (!error.message.startsWith('READONLY') || performance.now() - last < READONLY_RECONNECT_MS)
      return false;
    last = performance.now();
    return true;
  };
}

function retryDelayMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 5), 1000) * (0.75 + Math.random() / 2);
}

function openServer(settings: RedisSettings): Redis {
  const options = {
    ...connectionOptions(settings),
    db: settings.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
  };
  if (settings.mode === 'standalone') return new Redis({ ...options, ...settings.nodes[0] });
  return new Redis({
    ...options,
    sentinels: settings.nodes.map((node) => ({ ...node })),
    name: settings.sentinelName!,
    ...(settings.sentinelPassword !== undefined && { sentinelPassword: settings.sentinelPassword }),
    enableTLSForSentinelMode: settings.tls,
    failoverDetector: true,
    sentinelRetryStrategy: retryDelayMs,
  });
}

function openCluster(settings: RedisSettings): Cluster {
  return new Cluster(
    settings.nodes.map((node) => ({ ...node })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelayMs,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: 5000,
      maxRedirections: 4,
      retryDelayOnFailover: 50,
      retryDelayOnClusterDown: 50,
      redisOptions: connectionOptions(settings),
    },
  );
}

export function openRedis(settings: RedisSettings): RedisClient {
  const client = settings.mode === 'cluster' ? openCluster(settings) : openServer(settings);
  const subscriber = settings.mode === 'cluster' ? openCluster(settings) : openServer(settings);
  const channels = new Map<string, (message: string) => void>();
  const masterOf = (key: string) =>
    client instanceof Cluster ? (client.slots[calculateSlot(key)]?.[0] ?? 'cluster') : ONLY_SERVER;
  const gapListeners: (() => void)[] = [];
  let scripts = 0;

  // Without a listener an error would be printed; which is why it is heard even where nobody asks.
  subscriber.on('error', ignore);
  subscriber.on('message', (channel: string, message: string) => channels.get(channel)?.(message));
  subscriber.on('ready', () => {
    if (channels.size === 0) return;
    subscriber.subscribe(...channels.keys()).then(() => gapListeners.forEach((tell) => tell()), ignore);
  });
  // Silence on a connection that only listens looks like a quiet day; a ping finds out.
  const ping = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.call('PING').catch(ignore);
  }, SUBSCRIBER_PING_MS).unref();

  return {
    call: (name, args) => client.callBuffer(name, [...args]),
    script(lua) {
      scripts += 1;
      const name = `zbffScript${scripts}`;
      client.defineCommand(name, { lua });
      const run = (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[
        `${name}Buffer`
      ]!.bind(client);
      return (keys, args) => run(keys.length, ...keys, ...args);
    },
    async replicated(key, replicas, timeoutMs) {
      const node = client instanceof Cluster ? nodeAt(client, masterOf(key)) : client;
      return (await node?.wait(replicas, timeoutMs)) ?? 0;
    },
    serverOf: masterOf,
    onError: (listener) => {
      client.on('error', listener);
      client.on('node error', listener);
    },
    onReady: (listener) => void client.on('ready', listener),
    subscribe(channel, onMessage) {
      channels.set(channel, onMessage);
      if (subscriber.status === 'ready') subscriber.subscribe(channel).catch(ignore);
    },
    onGap: (listener) => void gapListeners.push(listener),
    connect() {
      client.connect().catch(ignore);
      subscriber.connect().catch(ignore);
    },
    close() {
      clearInterval(ping);
      client.disconnect();
      subscriber.disconnect();
    },
  };
}

function nodeAt(cluster: Cluster, address: string): Redis | undefined {
  return cluster.nodes('master').find((node) => `${node.options.host}:${node.options.port}` === address);
}

/** For failures that the client mends by itself, and that are noticed where it is used. */
function ignore(): void {}
