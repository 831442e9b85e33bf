import type { DurableScript, Script } from '../../src/redis/guarded-redis.ts';
import { RedisUnavailable } from '../../src/redis/redis-unavailable.ts';
import type { ConnectionChange, ConnectionName } from '../../src/redis/connection-changes.ts';
import { CONNECTION_NAMES, ONLY_SERVER } from '../../src/redis/connection-changes.ts';
import type { ScriptConnection } from '../../src/redis/redis-client.ts';
import { RedisRecovery, type Recovery } from '../../src/redis/redis-recovery.ts';
import { READ, storedValues, type StoredValue } from '../../src/redis/stored-value.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import { SimulatedConnection } from './simulated-connection.ts';
import type { SimulatedServer } from './simulated-server.ts';
import type { SimulatedTopology, WantedConfirmations } from './simulated-topology.ts';

const REQUEST_MS = 80;
const LONG_MS = 1500;
const PROBE_MS = 100;

/**
 * The guarded Redis of one process, in a simulated network: each connection has delays of its own, can stall or
 * break, and reaches the server that it last found.
 */
export class SimulatedRedis {
  readonly #scheduler: Scheduler;
  readonly #topology: SimulatedTopology;
  readonly #actor: Actor;
  readonly #random: () => number;
  readonly #connections: SimulatedConnection[] = [];
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
        const connection = new SimulatedConnection(name, shard, this.#topology.shards[shard]!.master, {
          scheduler: this.#scheduler,
          actor: this.#actor,
          random: this.#random,
          setTimer: (ms, run) => this.setTimer(ms, run),
          masterOf: (at) => this.#topology.shards[at]!.master,
          onUp: (one, hasMoved) => this.#connected(one, hasMoved),
          onLost: (one) => this.#report(one, 'lost'),
        });
        this.#connections.push(connection);
        // The subscriber connects when commands can be sent.
        connection.reconnect((name === 'subscription' ? 10 : 1) + this.#random() * 5);
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
      let wanted!: WantedConfirmations;
      await this.#guarded(keys[0], 'invalidations', LONG_MS, true, (server) => {
        wanted = { server, needed: this.#topology.neededConfirmations(server), waitMs };
        return server.run(lua, keys, args);
      });
      return this.#topology.awaitConfirmations(wanted, (ms, run) => this.setTimer(ms, run));
    };
  }

  async removeMatching(server: string, _pattern: string): Promise<void> {
    const connection = this.#connections.find(
      (one) => one.name === 'commands' && this.#nameOf(one) === server,
    );
    if (!connection) return;
    await connection.send(LONG_MS, (found) => {
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
    for (const one of this.#connections.filter(({ name }) => names.includes(name))) {
      one.cutUntil = untilMs;
      one.break();
    }
  }

  #isReady(names: readonly ConnectionName[]): boolean {
    return this.#connections.every(({ name, isUp }) => isUp || !names.includes(name));
  }

  #nameOf({ server }: SimulatedConnection): string {
    return this.#topology.mode === 'cluster' ? server.name : ONLY_SERVER;
  }

  #connectionOf(name: ConnectionName, key: string): SimulatedConnection {
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
      return await connection.send(boundMs, command);
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
    await connection?.send(500, () => {});
  }

  #deliver(server: SimulatedServer, channel: string, message: string): void {
    const connection = this.#connections.find(({ name }) => name === 'subscription');
    if (!connection?.isUp || !this.#topology.carries(server, connection.server)) return;
    const { epoch } = connection;
    const arrivesAt = connection.nextReply();
    const listeners = this.#channels.get(channel);
    if (!listeners) return;
    const receive = (): void => {
      if (connection.epoch === epoch) for (const listener of listeners) listener(message);
    };
    this.#scheduler.at(arrivesAt, receive, this.#actor);
  }

  #serverLost(server: SimulatedServer, withinMs: number): void {
    for (const one of this.#connections) {
      if (one.server !== server) continue;
      const { epoch } = one;
      const breakOff = (): void => {
        if (one.epoch === epoch) one.break();
      };
      this.#scheduler.after(this.#random() * withinMs, breakOff, undefined);
    }
  }

  #connected(connection: SimulatedConnection, hasMoved: boolean): void {
    if (connection.name === 'subscription') for (const listener of this.#gapListeners) listener();
    this.#report(connection, hasMoved && this.#topology.mode === 'cluster' ? 'moved' : 'ready');
  }

  #report(connection: SimulatedConnection, state: ConnectionChange['state']): void {
    this.#onChange({ connection: connection.name, server: this.#nameOf(connection), state });
  }
}
