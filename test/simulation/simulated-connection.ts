import type { ConnectionName } from '../../src/redis/connection-changes.ts';
import { RedisUnavailable } from '../../src/redis/redis-unavailable.ts';
import type { SetTimer } from '../../src/lib/timers.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { SimulatedServer } from './simulated-server.ts';

interface Network {
  readonly scheduler: Scheduler;
  readonly actor: Actor;
  readonly random: () => number;
  readonly setTimer: SetTimer;
  readonly masterOf: (shard: number) => SimulatedServer;
  readonly onUp: (connection: SimulatedConnection, hasMoved: boolean) => void;
  readonly onLost: (connection: SimulatedConnection) => void;
}

/** One connection of a process: it has delays of its own, keeps the order of commands, can stall and break. */
export class SimulatedConnection {
  readonly name: ConnectionName;
  readonly shard: number;
  server: SimulatedServer;
  isUp = false;
  /** Counts the connections, because replies to an earlier one are lost. */
  epoch = 0;
  stalledUntil = 0;
  cutUntil = 0;
  readonly #network: Network;
  /** Times at which the last command and the last reply arrive: a connection keeps their order. */
  #sentUntil = 0;
  #repliedUntil = 0;
  readonly #pending = new Set<() => void>();

  constructor(name: ConnectionName, shard: number, server: SimulatedServer, network: Network) {
    this.name = name;
    this.shard = shard;
    this.server = server;
    this.#network = network;
  }

  /** Runs a command on the server. @throws RedisUnavailable if no reply arrives within the bound. */
  send<T>(boundMs: number, command: (server: SimulatedServer) => T): Promise<T> {
    if (!this.isUp) return Promise.reject(new RedisUnavailable());
    const { scheduler, actor, random, setTimer } = this.#network;
    const { epoch, server } = this;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new RedisUnavailable());
      const settle = (run: () => void): void => {
        cancelTimer();
        this.#pending.delete(fail);
        run();
      };
      const cancelTimer = setTimer(boundMs, () => settle(fail));
      this.#pending.add(fail);
      this.#sentUntil = Math.max(this.#sentUntil, this.#arrival());
      const execute = (): void => {
        // A connection that breaks may have delivered the command before.
        if (server.isDead || (this.epoch !== epoch && random() < 0.5)) return;
        let result: T;
        let isRefused = false;
        try {
          result = command(server);
        } catch {
          isRefused = true;
        }
        if (this.epoch !== epoch) return;
        const reply = (): void => {
          if (this.epoch === epoch) settle(isRefused ? fail : () => resolve(result));
        };
        scheduler.at(this.nextReply(), reply, actor);
      };
      scheduler.at(this.#sentUntil, execute, undefined, false);
    });
  }

  /** Returns the time at which a message that the server sends now arrives. */
  nextReply(): number {
    this.#repliedUntil = Math.max(this.#repliedUntil, this.#arrival());
    return this.#repliedUntil;
  }

  /** Breaks the connection, fails the commands in flight, and connects again. */
  break(): void {
    const { scheduler, actor, random, onLost } = this.#network;
    const { isUp } = this;
    this.isUp = false;
    this.epoch += 1;
    const failing = [...this.#pending];
    this.#pending.clear();
    const notify = (): void => {
      for (const fail of failing) fail();
      if (isUp) onLost(this);
    };
    scheduler.after(0, notify, actor);
    this.reconnect(20 + random() * 100);
  }

  /** Connects to the master of the shard, unless the connection has broken or is up by then. */
  reconnect(delayMs: number): void {
    const { scheduler, actor, random, masterOf, onUp } = this.#network;
    const { epoch } = this;
    const attempt = (): void => {
      if (this.epoch !== epoch || this.isUp) return;
      const master = masterOf(this.shard);
      if (master.isDead || this.cutUntil > scheduler.now) return this.reconnect(50 + random() * 100);
      const hasMoved = this.server !== master;
      this.server = master;
      this.isUp = true;
      onUp(this, hasMoved);
    };
    scheduler.after(delayMs, attempt, actor);
  }

  #arrival(): number {
    const { scheduler, random } = this.#network;
    const delayMs = random() < 0.05 ? random() * 60 : random() * 2;
    return Math.max(scheduler.now + delayMs, this.stalledUntil);
  }
}
