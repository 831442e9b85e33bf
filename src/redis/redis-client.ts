import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import { setBackgroundTimer } from '../lib/timers.ts';
import { batchReads } from './batch-reads.ts';
import {
  CONNECTION_NAMES,
  ONLY_SERVER,
  watchConnection,
  type ConnectionChange,
  type ConnectionName,
} from './connection-changes.ts';
import { durableScripts, type DurableScript } from './durable-scripts.ts';
import { createConnection, createSentinel } from './redis-connections.ts';
import { corkWrites, scriptOn, type RedisValue, type RunScript } from './run-script.ts';
import { hasReason } from './redis-diagnosis.ts';
import type { RedisSettings } from './redis-settings.ts';
import { confirmationCounter } from './redis-topology.ts';
import { RedisSubscription } from './redis-subscription.ts';
import { READ, storedValues, type StoredValue } from './stored-value.ts';

/** A connection that runs scripts. */
export type ScriptConnection = 'commands' | 'invalidations';

/**
 * The common interface of a single server, a Sentinel master and a Cluster. It sets no time limit and does not
 * retry.
 */
export interface RedisClient {
  /** Runs a command. Bulk strings in replies are Buffers. Rejects immediately without a connection. */
  call(name: string, args: readonly RedisValue[]): Promise<unknown>;
  /** Returns the values of keys in one slot, in their order. */
  read(keys: readonly string[]): Promise<readonly StoredValue[]>;
  /** Returns a function that runs a script, and loads it if a server does not know it. */
  script(lua: string, connection?: ScriptConnection): RunScript;
  /**
   * Returns a function that runs a script whose effect must survive a failover. It resolves to true if there is
   * no replica that could take over, or if enough replicas confirm the write within `waitMs` (WAIT).
   */
  durableScript(lua: string, waitMs: number): DurableScript;
  /** Returns the server of a key, as far as known. */
  serverOf(key: string): string;
  /** Returns all servers with keys, as far as known. */
  servers(): readonly string[];
  /** Resolves if the server responds, or if it no longer serves keys. */
  ping(server: string, connection?: ScriptConnection): Promise<void>;
  /** Removes the keys of a server that match a pattern. */
  removeMatching(server: string, pattern: string): Promise<void>;
  /** Returns whether these connections are ready. */
  isReady(...names: readonly ConnectionName[]): boolean;
  /** Registers a listener that is called when a connection was lost, or when its server may be another one. */
  onChange(listener: (change: ConnectionChange) => void): void;
  /** Resolves if all connections are ready, that of the subscriber included, and every server responds. */
  verify(): Promise<void>;
  /** Registers a listener for connection errors. */
  onError(listener: (error: Error) => void): void;
  onReady(listener: () => void): void;
  /** Subscribes to a channel, on a separate connection that subscribes again after each interruption. */
  subscribe(channel: string, onMessage: (message: string) => void): void;
  /**
   * Registers a listener that is called when the subscription has resumed, because messages may have been
   * missed.
   */
  onGap(listener: () => void): void;
  /** Registers a listener that is called when a subscription fails. `renewSubscription` repeats it. */
  onSubscriptionFailed(listener: (error: unknown) => void): void;
  /** Subscribes to all channels again. Rejects if the server refuses that, or is not connected. */
  renewSubscription(): Promise<void>;
  /** Starts to connect, and retries until `close`. */
  connect(): void;
  close(): void;
}

/** The result of `serverOf` for a Cluster whose slots are not known yet. */
const UNKNOWN_SERVER = 'cluster';

const CONNECT_AGAIN_MS = 50;
const PING_KEY = 'zbff:ping';
const SCAN_COUNT = 1000;

/**
 * Creates the client with its three connections: commands, invalidations (which WAIT blocks) and the subscription.
 * Does not connect before `connect`. Errors of operations are ioredis's.
 */
export function createRedis(settings: RedisSettings): RedisClient {
  const errorListeners: ((error: Error) => void)[] = [];
  const report = (error: Error) => {
    if (hasReason(error)) for (const listener of errorListeners) listener(error);
  };
  const client = createConnection(settings, report);
  const subscriber = createConnection(settings);
  // WAIT blocks its connection, so it has a separate one.
  const durable = createConnection(settings);
  const connections = { commands: client, invalidations: durable, subscription: subscriber };
  const changeListeners: ((change: ConnectionChange) => void)[] = [];
  for (const connection of CONNECTION_NAMES)
    watchConnection(connections[connection], (server, state) => {
      for (const listener of changeListeners) listener({ connection, server, state });
    });
  const subscription = new RedisSubscription(subscriber);
  const cork = corkWrites(client);
  let closed = false;

  client.on('error', report);
  client.on('node error', report);
  // ioredis prints an error that has no listener.
  for (const one of [subscriber, durable]) one.on('error', ignore);
  for (const one of Object.values(connections)) one.on('end', () => connectAgain(one));

  /** ioredis ends a connection for good if it notices a failover while it is connecting. */
  function connectAgain(ended: Redis | Cluster): void {
    if (closed) return;
    setBackgroundTimer(CONNECT_AGAIN_MS, () => {
      if (!closed) ended.connect().catch(ignore);
    });
  }

  const readScript = scriptOn(client, READ, cork);
  async function read(keys: readonly string[]): Promise<readonly StoredValue[]> {
    const [values, ttls] = (await readScript(keys, [])) as [(Buffer | null)[], number[]];
    return storedValues(values, ttls);
  }

  const makeDurable = durableScripts({
    nodeOf: (key) => (durable instanceof Cluster ? masterAt(durable, masterOf(durable, key)) : durable),
    neededConfirmations: confirmationCounter({
      settings,
      connection: durable,
      slotOf: calculateSlot,
      createSentinel: (address) => createSentinel(settings, address),
      now: () => performance.now(),
    }),
  });

  const servers = () => (client instanceof Cluster ? mastersOf(client) : [ONLY_SERVER]);
  const isReady = (...names: readonly ConnectionName[]) =>
    names.every((name) =>
      name === 'subscription' ? subscription.isActive : connections[name].status === 'ready',
    );

  async function ping(server: string, connection: ScriptConnection = 'commands'): Promise<void> {
    const pinged = connections[connection];
    // Queries a key, because that also detects a Cluster node or a user without permissions.
    if (!(pinged instanceof Cluster)) return void (await pinged.exists(PING_KEY));
    const node = masterAt(pinged, server);
    if (node) return void (await node.ping());
    if (!mastersOf(pinged).includes(server)) return;
    // ioredis drops a node whose connection has closed, until the slots are read again.
    pinged.refreshSlotsCache();
    throw new Error('not connected');
  }

  async function removeMatching(server: string, pattern: string): Promise<void> {
    const node = client instanceof Cluster ? masterAt(client, server) : client;
    if (!node) return;
    for (let cursor = '0'; ;) {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
      // One command per key: the keys are in several slots.
      await Promise.all(keys.map((key) => node.del(key)));
      cursor = next;
      if (cursor === '0') return;
    }
  }

  return {
    call(name, args) {
      cork();
      return client.callBuffer(name, [...args]);
    },
    read: client instanceof Cluster ? read : batchReads(read),
    script: (lua, connection = 'commands') =>
      connection === 'commands' ? scriptOn(client, lua, cork) : scriptOn(durable, lua, ignore),
    durableScript: (lua, waitMs) => makeDurable(scriptOn(durable, lua, corkWrites(durable)), waitMs),
    serverOf: (key) => masterOf(client, key),
    servers,
    ping,
    removeMatching,
    isReady,
    onChange: (listener) => void changeListeners.push(listener),
    async verify() {
      if (!isReady('commands', 'invalidations')) throw new Error('not connected');
      await subscription.verify();
      await Promise.all(servers().map((server) => ping(server)));
    },
    onError: (listener) => void errorListeners.push(listener),
    onReady: (listener) => void client.on('ready', listener),
    subscribe: (channel, onMessage) => subscription.subscribe(channel, onMessage),
    onGap: (listener) => subscription.onGap(listener),
    onSubscriptionFailed: (listener) => subscription.onFailed(listener),
    renewSubscription: () => subscription.renew(),
    connect() {
      // The subscriber comes last: its listeners run commands on the other connections, and a command without a
      // connection would count as an outage.
      client.once('ready', () => {
        if (!closed) subscriber.connect().catch(ignore);
      });
      for (const one of [client, durable]) one.connect().catch(ignore);
    },
    close() {
      closed = true;
      subscription.close();
      for (const one of Object.values(connections)) one.disconnect();
    },
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

/** Ignores failures from which the client recovers and that the operations report. */
function ignore(): void {}
