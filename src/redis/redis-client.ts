import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import { batchReads } from './batch-reads.ts';
import { createConnection } from './redis-connections.ts';
import { saysWhy } from './redis-fault.ts';
import type { RedisSettings } from './redis-settings.ts';
import { READ, storedValues, type StoredValue } from './stored-value.ts';

export type RedisValue = string | number | Buffer;

export type RunScript = (keys: readonly string[], args: readonly RedisValue[]) => Promise<unknown>;

/** What is common to one server, a Sentinel's master and a Cluster. No bound and no retry of its own. */
export interface RedisClient {
  /** Bulk strings in replies are Buffers. Rejects at once while there is no connection. */
  call(name: string, args: readonly RedisValue[]): Promise<unknown>;
  /** Values of keys of one slot, in their order. */
  read(keys: readonly string[]): Promise<readonly StoredValue[]>;
  /** Loads the script where a server does not know it. */
  script(lua: string): RunScript;
  /**
   * A script whose effect has to survive a failover. Resolves to whether it will: where there is no replica
   * to take over, or one has confirmed within `waitMs` that it has it (WAIT).
   */
  durableScript(lua: string, waitMs: number): (...run: Parameters<RunScript>) => Promise<boolean>;
  /** The server that a key lives on, as far as is known. */
  serverOf(key: string): string;
  /** All servers that keys live on, as far as is known. */
  servers(): readonly string[];
  /** Resolves where the server answers, and where it serves no keys any more. */
  ping(server: string): Promise<void>;
  /** Resolves if all connections are ready, the one that subscribes included, and every server answers. */
  verify(): Promise<void>;
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
/** What it says of a Cluster of which nothing is known. */
const UNKNOWN_SERVER = 'cluster';

const SUBSCRIBER_PING_MS = 1000;
const PING_KEY = 'zbff:ping';

export function createRedis(settings: RedisSettings): RedisClient {
  const errorListeners: ((error: Error) => void)[] = [];
  const report = (error: Error) => {
    if (saysWhy(error)) for (const listener of errorListeners) listener(error);
  };
  const client = createConnection(settings, report);
  const subscriber = createConnection(settings);
  // WAIT holds up its whole connection, so it has one where nobody else waits for a reply.
  const durable = settings.mode === 'standalone' ? client : createConnection(settings);
  const connections = new Set([client, subscriber, durable]);
  const channels = new Map<string, (message: string) => void>();
  const gapListeners: (() => void)[] = [];
  const together = corkWrites(client);
  const confirmations = new Map<Redis, Promise<number>>();

  client.on('error', report);
  client.on('node error', report);
  // Without a listener an error would be printed; which is why it is heard even where nobody asks.
  for (const one of [subscriber, durable]) one.on('error', ignore);
  subscriber.on('message', (channel: string, message: string) => channels.get(channel)?.(message));
  subscriber.on('ready', () => {
    if (channels.size === 0) return;
    subscriber.subscribe(...channels.keys()).then(() => gapListeners.forEach((tell) => tell()), ignore);
  });
  // Silence on a connection that only listens looks like a quiet day; a ping finds out.
  const pings = setInterval(() => {
    if (subscriber.status === 'ready') subscriber.call('PING').catch(ignore);
  }, SUBSCRIBER_PING_MS).unref();

  const readScript = scriptOn(client, READ, together);
  async function read(keys: readonly string[]): Promise<readonly StoredValue[]> {
    const [values, ttls] = (await readScript(keys, [])) as [(Buffer | null)[], number[]];
    return storedValues(values, ttls);
  }

  /** Replies come in order, so a WAIT that is still out was sent after all that has been answered. */
  function confirmed(node: Redis, waitMs: number): Promise<number> {
    const underWay = confirmations.get(node);
    if (underWay) return underWay;
    const begun = node.wait(1, waitMs).finally(() => confirmations.delete(node));
    confirmations.set(node, begun);
    return begun;
  }

  const servers = () => (client instanceof Cluster ? mastersOf(client) : [ONLY_SERVER]);

  async function ping(server: string): Promise<void> {
    // Asks for a key, which finds out more than a ping: a Cluster's node, or a user without rights.
    if (!(client instanceof Cluster)) return void (await client.exists(PING_KEY));
    const node = masterAt(client, server);
    if (node) await node.ping();
    else if (mastersOf(client).includes(server)) throw new Error('not connected');
  }

  return {
    call(name, args) {
      together();
      return client.callBuffer(name, [...args]);
    },
    read: client instanceof Cluster ? read : batchReads(read),
    script: (lua) => scriptOn(client, lua, together),
    durableScript(lua, waitMs) {
      const run = scriptOn(durable, lua, corkWrites(durable));
      return async (keys, args) => {
        await run(keys, args);
        if (settings.mode === 'standalone') return true;
        const node = durable instanceof Cluster ? masterAt(durable, masterOf(durable, keys[0]!)) : durable;
        return node !== undefined && (await confirmed(node, waitMs)) > 0;
      };
    },
    serverOf: (key) => masterOf(client, key),
    servers,
    ping,
    async verify() {
      if ([...connections].some(({ status }) => status !== 'ready')) throw new Error('not connected');
      if (channels.size > 0) await subscriber.subscribe(...channels.keys());
      await Promise.all(servers().map(ping));
    },
    onError: (listener) => void errorListeners.push(listener),
    onReady: (listener) => void client.on('ready', listener),
    subscribe(channel, onMessage) {
      channels.set(channel, onMessage);
      if (subscriber.status === 'ready') subscriber.subscribe(channel).catch(ignore);
    },
    onGap: (listener) => void gapListeners.push(listener),
    connect() {
      for (const one of connections) one.connect().catch(ignore);
    },
    close() {
      clearInterval(pings);
      for (const one of connections) one.disconnect();
    },
  };
}

let scripts = 0;

/**
 * What makes the commands of one turn of the event loop go out in one write: a system call for each costs more
 * than the commands. A Cluster's go to several servers, and as they come.
 */
function corkWrites(connection: Redis | Cluster): () => void {
  if (connection instanceof Cluster) return ignore;
  let gathering = false;
  return () => {
    if (gathering || connection.status !== 'ready') return;
    const { stream } = connection;
    gathering = true;
    stream.cork();
    setImmediate(() => {
      gathering = false;
      stream.uncork();
    });
  };
}

function scriptOn(connection: Redis | Cluster, lua: string, together: () => void): RunScript {
  scripts += 1;
  const name = `zbffScript${scripts}`;
  connection.defineCommand(name, { lua });
  const run = (connection as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[
    `${name}Buffer`
  ]!.bind(connection);
  return (keys, args) => {
    together();
    return run(keys.length, ...keys, ...args);
  };
}

function masterOf(connection: Redis | Cluster, key: string): string {
  if (!(connection instanceof Cluster)) return ONLY_SERVER;
  return connection.slots[calculateSlot(key)]?.[0] ?? UNKNOWN_SERVER;
}

function mastersOf(cluster: Cluster): string[] {
  const masters = new Set(cluster.slots.flatMap((nodes) => nodes?.[0] ?? []));
  return masters.size > 0 ? [...masters] : [UNKNOWN_SERVER];
}

function masterAt(cluster: Cluster, address: string): Redis | undefined {
  return cluster.nodes('master').find((node) => `${node.options.host}:${node.options.port}` === address);
}

/** For failures that the client mends by itself, and that are noticed where it is used. */
function ignore(): void {}
