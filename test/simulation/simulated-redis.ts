import { RedisUnavailable, type Script, type DurableScript } from '../../src/redis/guarded-redis.ts';
import type { ConnectionChange, ConnectionName } from '../../src/redis/connection-changes.ts';
import { CONNECTION_NAMES, ONLY_SERVER } from '../../src/redis/connection-changes.ts';
import type { ScriptConnection } from '../../src/redis/redis-client.ts';
import { RedisRecovery, type Recovery } from '../../src/redis/redis-recovery.ts';
import { READ, storedValues, type StoredValue } from '../../src/redis/stored-value.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { SimulatedTopology } from './simulated-topology.ts';

/** As `REDIS_TIMEOUT_MS`. */
const REQUEST_MS = 80;
const LONG_MS = 1500;
const PROBE_MS = 100;

interface Connection {
  readonly name: ConnectionName;
  readonly shard: number;
  server: SimulatedServer;
  isUp: boolean;
  /** Counts the connections, because replies to an earlier one are lost. */
  epoch: number;
  stalledUntil: number;
  cutUntil: number;
  /** Times at which the last command and the last reply arrive: a connection keeps their order. */
  sentUntil: number;
  repliedUntil: number;
  readonly pending: Set<() => void>;
}

/**
 * The guarded Redis of one process, in a simulated network: each connection has delays of its own, can stall or
 * break, and reaches the server that it last found.
 */
export class SimulatedRedis {
  readonly #scheduler: Scheduler;
  readonly #topology: SimulatedTopology;
  readonly #actor: Actor;
  readonly #random: () => number;
  readonly #connections: Connection[] = [];
  readonly #channels = new Map<string, ((message: string) => void)[]>();
  readonly #gapListeners: (() => void)[] = [];
  readonly #downListeners: (() => void)[] = [];
  readonly #down = new Set<string>();
  readonly #recovery: RedisRecovery;
  #onChange: (change: ConnectionChange) => void = () => {};
  /** Called when this process acknowledges an invalidation, with the reference. */
  onAcknowledge: (reference: string) => void = () => {};

  constructor(scheduler: Scheduler, topology: SimulatedTopology, actor: Actor, random: () => number) {
    this.#scheduler = scheduler;
    this.#topology = topology;
    this.#actor = actor;
    this.#random = random;
    this.#recovery = new RedisRecovery({
      client: {
        onChange: (listener) => (this.#onChange = listener),
        isReady: (...names) => this.#isReady(names),
      },
      ping: (server, connection) => this.#ping(server, connection),
      now: () => scheduler.now,
      setTimer: (ms, run) => this.setTimer(ms, run),
    });
    topology.subscribers.add((server, channel, message) => this.#deliver(server, channel, message));
    topology.lost.add((server, withinMs) => this.#serverLost(server, withinMs));
  }

  setTimer(ms: number, run: () => void): () => void {
    const event = this.#scheduler.after(ms, run, this.#actor);
    return () => void (event.run = undefined);
  }

  connect(): void {
    for (const name of CONNECTION_NAMES) {
      for (const shard of name === 'subscription' ? [0] : this.#topology.shards.keys()) {
        const connection: Connection = {
          name,
          shard,
          server: this.#topology.shards[shard]!.master,
          isUp: false,
          epoch: 0,
          stalledUntil: 0,
          cutUntil: 0,
          sentUntil: 0,
          repliedUntil: 0,
          pending: new Set(),
        };
        this.#connections.push(connection);
        // The subscriber connects when commands can be sent.
        this.#reconnect(connection, (name === 'subscription' ? 10 : 1) + this.#random() * 5);
      }
    }
  }

  read(keys: readonly [string, ...string[]]): Promise<readonly StoredValue[]> {
    return this.#guarded(keys[0], 'commands', REQUEST_MS, false, (server) => server.run(READ, keys, [])).then(
      (reply) => storedValues(...(reply as [(Buffer | null)[], number[]])),
    );
  }

  script(lua: string): Script {
    return (keys, args) => {
      const [channel, message] = args.map(String);
      if (args.length === 2 && channel?.includes(':process:')) this.onAcknowledge(message!);
      return this.#guarded(keys[0], 'commands', REQUEST_MS, false, (server) => server.run(lua, keys, args));
    };
  }

  longTimeoutScript(lua: string, connection: ScriptConnection = 'commands'): Script {
    return (keys, args) =>
      this.#guarded(keys[0], connection, LONG_MS, true, (server) => server.run(lua, keys, args));
  }

  durableScript(lua: string, waitMs: number): DurableScript {
    return async (keys, args) => {
      let server!: SimulatedServer;
      await this.#guarded(keys[0], 'invalidations', LONG_MS, true, (found) => {
        server = found;
        return found.run(lua, keys, args);
      });
      if (!this.#topology.hasReplica(server)) return true;
      return this.#confirmed(server, waitMs);
    };
  }

  async removeMatching(server: string, _pattern: string): Promise<void> {
    const connection = this.#connections.find(
      (one) => one.name === 'commands' && this.#nameOf(one) === server,
    );
    if (!connection) return;
    await this.#send(connection, LONG_MS, (found) => {
      for (const key of found.keys()) if (key.endsWith(':gen')) found.remove(key);
    });
  }

  subscribe(channel: string, onMessage: (message: string) => void): void {
    this.#channels.set(channel, [...(this.#channels.get(channel) ?? []), onMessage]);
  }

  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  onDown(listener: () => void): void {
    this.#downListeners.push(listener);
  }

  onRecovery(listener: (recovery: Recovery) => Promise<void>): void {
    this.#recovery.onRecovery(listener);
  }

  serverOf(key: string): string {
    return this.#nameOf(this.#connectionOf('commands', key));
  }

  isSettled(): boolean {
    return this.#recovery.isSettled();
  }

  isUp(key: string): boolean {
    const server = this.serverOf(key);
    return (
      this.#isReady(['commands', 'invalidations']) &&
      !this.#recovery.isHeldBack('commands', server) &&
      !this.#recovery.isHeldBack('invalidations', server)
    );
  }

  /** Delays everything on some connections until a time. */
  stall(names: readonly ConnectionName[], untilMs: number): void {
    for (const one of this.#connections) if (names.includes(one.name)) one.stalledUntil = untilMs;
  }

  /** Breaks some connections, which can connect again after a time. */
  cut(names: readonly ConnectionName[], untilMs: number): void {
    for (const one of this.#connections) {
      if (!names.includes(one.name)) continue;
      one.cutUntil = untilMs;
      this.#break(one);
    }
  }

  #isReady(names: readonly ConnectionName[]): boolean {
    return this.#connections.every(({ name, isUp }) => isUp || !names.includes(name));
  }

  #nameOf({ server }: Connection): string {
    return this.#topology.mode === 'cluster' ? server.name : ONLY_SERVER;
  }

  #connectionOf(name: ConnectionName, key: string): Connection {
    const shard = name === 'subscription' ? 0 : this.#topology.shardOf(key);
    return this.#connections.find((one) => one.name === name && one.shard === shard)!;
  }

  async #guarded<T>(
    key: string,
    name: ScriptConnection,
    boundMs: number,
    isBypassing: boolean,
    command: (server: SimulatedServer) => T,
  ): Promise<T> {
    const connection = this.#connectionOf(name, key);
    const server = this.#nameOf(connection);
    const isInUse = !this.#down.has(server) && !this.#recovery.isHeldBack('commands', server);
    if (!isBypassing && !isInUse) throw new RedisUnavailable();
    try {
      return await this.#send(connection, boundMs, command);
    } catch {
      this.#failed(server);
      throw new RedisUnavailable();
    }
  }

  /** Begins an outage, which a probe ends. */
  #failed(server: string): void {
    if (this.#down.has(server)) return;
    this.#down.add(server);
    for (const listener of this.#downListeners) listener();
    const probe = (): void => {
      Promise.all([this.#ping(server, 'commands'), this.#ping(server, 'invalidations')])
        .then(() => this.#recovery.hold({ connection: 'commands', server }))
        .then(
          () => this.#down.delete(server),
          () => this.setTimer(PROBE_MS, probe),
        );
    };
    this.setTimer(PROBE_MS, probe);
  }

  async #ping(server: string, name: ScriptConnection): Promise<void> {
    const connection = this.#connections.find((one) => one.name === name && this.#nameOf(one) === server);
    if (connection) await this.#send(connection, 500, () => {});
  }

  #send<T>(connection: Connection, boundMs: number, command: (server: SimulatedServer) => T): Promise<T> {
    if (!connection.isUp) return Promise.reject(new RedisUnavailable());
    const scheduler = this.#scheduler;
    const { epoch, server } = connection;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new RedisUnavailable());
      const settle = (run: () => void): void => {
        cancelTimer();
        connection.pending.delete(fail);
        run();
      };
      const cancelTimer = this.setTimer(boundMs, () => settle(fail));
      connection.pending.add(fail);
      connection.sentUntil = Math.max(connection.sentUntil, this.#arrival(connection));
      const execute = (): void => {
        // A connection that breaks may have delivered the command before.
        if (server.isDead || (connection.epoch !== epoch && this.#random() < 0.5)) return;
        let result: T;
        let isRefused = false;
        try {
          result = command(server);
        } catch {
          isRefused = true;
        }
        if (connection.epoch !== epoch) return;
        connection.repliedUntil = Math.max(connection.repliedUntil, this.#arrival(connection));
        const reply = (): void => {
          if (connection.epoch === epoch) settle(isRefused ? fail : () => resolve(result));
        };
        scheduler.at(connection.repliedUntil, reply, this.#actor);
      };
      scheduler.at(connection.sentUntil, execute, undefined, false);
    });
  }

  #arrival({ stalledUntil }: Connection): number {
    const delayMs = this.#random() < 0.05 ? this.#random() * 60 : this.#random() * 2;
    return Math.max(this.#scheduler.now + delayMs, stalledUntil);
  }

  /** As WAIT: resolves to whether a replica has confirmed. */
  #confirmed(server: SimulatedServer, waitMs: number): Promise<boolean> {
    const confirmation = this.#topology.confirmedAt(server);
    const at = confirmation ? Math.max(confirmation.at, this.#scheduler.now) + 1 : Infinity;
    const isInTime = at <= this.#scheduler.now + waitMs;
    return new Promise((resolve) => {
      this.setTimer(isInTime ? at - this.#scheduler.now : waitMs, () =>
        resolve(isInTime && server.replicas.has(confirmation!.replica)),
      );
    });
  }

  #deliver(server: SimulatedServer, channel: string, message: string): void {
    const connection = this.#connections.find(({ name }) => name === 'subscription');
    if (!connection?.isUp || !this.#topology.carries(server, connection.server)) return;
    const { epoch } = connection;
    connection.repliedUntil = Math.max(connection.repliedUntil, this.#arrival(connection));
    const listeners = this.#channels.get(channel);
    if (!listeners) return;
    const receive = (): void => {
      if (connection.epoch === epoch) for (const listener of listeners) listener(message);
    };
    this.#scheduler.at(connection.repliedUntil, receive, this.#actor);
  }

  #serverLost(server: SimulatedServer, withinMs: number): void {
    for (const one of this.#connections) {
      if (one.server !== server) continue;
      const { epoch } = one;
      const breakOff = (): void => {
        if (one.epoch === epoch) this.#break(one);
      };
      this.#scheduler.after(this.#random() * withinMs, breakOff, undefined);
    }
  }

  #break(connection: Connection): void {
    const { isUp, pending } = connection;
    connection.isUp = false;
    connection.epoch += 1;
    const failing = [...pending];
    pending.clear();
    const notify = (): void => {
      for (const fail of failing) fail();
      if (isUp) this.#report(connection, 'lost');
    };
    this.#scheduler.after(0, notify, this.#actor);
    this.#reconnect(connection, 20 + this.#random() * 100);
  }

  #reconnect(connection: Connection, delayMs: number): void {
    const { epoch } = connection;
    const attempt = (): void => {
      if (connection.epoch !== epoch || connection.isUp) return;
      const { master } = this.#topology.shards[connection.shard]!;
      if (master.isDead || connection.cutUntil > this.#scheduler.now)
        return this.#reconnect(connection, 50 + this.#random() * 100);
      const hasMoved = connection.server !== master;
      connection.server = master;
      connection.isUp = true;
      if (connection.name === 'subscription') for (const listener of this.#gapListeners) listener();
      this.#report(connection, hasMoved && this.#topology.mode === 'cluster' ? 'moved' : 'ready');
    };
    this.#scheduler.after(delayMs, attempt, this.#actor);
  }

  #report(connection: Connection, state: ConnectionChange['state']): void {
    this.#onChange({ connection: connection.name, server: this.#nameOf(connection), state });
  }
}
