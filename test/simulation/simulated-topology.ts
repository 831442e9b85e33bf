import type { SetTimer } from '../../src/lib/timers.ts';
import type { Scheduler } from './scheduler.ts';
import type { Schedule } from './schedule.ts';
import { SimulatedServer } from './simulated-server.ts';

export interface Shard {
  master: SimulatedServer;
  readonly servers: readonly SimulatedServer[];
}

/** What a write waits for. */
export interface WantedConfirmations {
  readonly server: SimulatedServer;
  readonly needed: number;
  readonly waitMs: number;
}

/** The servers of one Redis: who is master, how writes reach the replicas, and how messages reach subscribers. */
export class SimulatedTopology {
  readonly mode: Schedule['mode'];
  readonly shards: readonly Shard[];
  /** Called with each message at the server that a subscriber listens to. */
  readonly subscribers = new Set<(server: SimulatedServer, channel: string, message: string) => void>();
  /** Called when a server has died, or is no longer a master. */
  readonly lost = new Set<(server: SimulatedServer, withinMs: number) => void>();
  /** Milliseconds that replication is behind. */
  lagMs = 1;
  readonly #scheduler: Scheduler;
  readonly #seesReplicas: boolean;
  readonly #appliedAt = new Map<SimulatedServer, number>();

  constructor(
    scheduler: Scheduler,
    { mode, replicas, seesReplicas }: Pick<Schedule, 'mode' | 'replicas' | 'seesReplicas'>,
  ) {
    this.#scheduler = scheduler;
    this.#seesReplicas = seesReplicas;
    this.mode = mode;
    const open = (name: string) =>
      new SimulatedServer(name, () => scheduler.now, {
        onPublish: (server, channel, message) => {
          for (const deliver of this.subscribers) deliver(server, channel, message);
        },
        onWrite: (server, changes) => {
          for (const replica of server.replicas) {
            const at = Math.max(this.#appliedAt.get(replica) ?? 0, scheduler.now + this.lagMs);
            this.#appliedAt.set(replica, at);
            const apply = () => {
              if (server.replicas.has(replica)) replica.apply(changes);
            };
            scheduler.at(at, apply, undefined, false);
          }
        },
      });
    this.shards = Array.from({ length: mode === 'cluster' ? 2 : 1 }, (_, shard) => {
      const servers = Array.from({ length: 1 + replicas }, (_, index) => open(`s${shard}${index}`));
      for (const replica of servers.slice(1)) {
        replica.isMaster = false;
        servers[0]!.replicas.add(replica);
      }
      return { master: servers[0]!, servers };
    });
  }

  /** Contacts end in a digit, which decides the shard. */
  shardOf(key: string): number {
    const contact = /\|c(\d)\}/.exec(key)?.[1];
    return contact === undefined ? 0 : Number(contact) % this.shards.length;
  }

  /** Returns whether a message published at one server reaches a subscriber of another. */
  carries(from: SimulatedServer, to: SimulatedServer): boolean {
    return from === to || (this.mode === 'cluster' && !from.isDead && !to.isDead);
  }

  /** As `NeededConfirmations`: ROLE, and the replicas that could be promoted. */
  neededConfirmations(server: SimulatedServer): number {
    if (!server.isMaster || !this.#seesReplicas) return 1;
    const connected = server.replicas.size;
    const shard = this.shards.find(({ servers }) => servers.includes(server))!;
    const living = shard.servers.filter((other) => other !== server && !other.isDead).length;
    if (this.mode === 'sentinel' && living > connected) return connected + 1;
    return Math.min(1, living);
  }

  /** Returns the time at which so many replicas have confirmed all writes of a server, or undefined. */
  confirmedAt(server: SimulatedServer, needed: number): { at: number; replica: SimulatedServer } | undefined {
    const replicas = [...server.replicas].filter(({ isDead }) => !isDead);
    const times = replicas.map((replica) => ({ at: this.#appliedAt.get(replica) ?? 0, replica }));
    return times.toSorted((one, other) => one.at - other.at)[needed - 1];
  }

  /**
   * Promotes the replica that has the most, and the others follow it.
   *
   * @param aliveMs the time for which the old master still accepts commands; 0 if it has died.
   */
  failOver(index: number, aliveMs: number): void {
    const shard = this.shards[index]!;
    const old = shard.master;
    const candidates = [...old.replicas].filter(({ isDead }) => !isDead);
    const [next, ...others] = candidates;
    if (!next) return;
    old.replicas.delete(next);
    next.isMaster = true;
    shard.master = next;
    if (aliveMs === 0) old.isDead = true;
    // Other replicas follow the old master until they are told of the new one.
    this.#scheduler.after(aliveMs, () => this.#rejoin(old, next, others), undefined, false);
    for (const notify of this.lost) notify(old, aliveMs);
  }

  /** Kills a server without a replica; it comes back empty. */
  restart(index: number, downMs: number): void {
    const { master } = this.shards[index]!;
    master.isDead = true;
    master.clear();
    for (const notify of this.lost) notify(master, 0);
    this.#scheduler.after(downMs, () => void (master.isDead = false), undefined, false);
  }

  #rejoin(old: SimulatedServer, master: SimulatedServer, others: readonly SimulatedServer[]): void {
    old.isMaster = false;
    for (const replica of [...others, ...(old.isDead ? [] : [old])]) {
      old.replicas.delete(replica);
      replica.synchronize(master);
      this.#appliedAt.set(replica, this.#scheduler.now);
      master.replicas.add(replica);
    }
  }

  /** As the program: WAIT if any is needed, again if more are needed by then. */
  async awaitConfirmations(wanted: WantedConfirmations, setTimer: SetTimer): Promise<boolean> {
    if (wanted.needed === 0) return true;
    if (!(await this.#wait(wanted, setTimer))) return false;
    const needed = this.neededConfirmations(wanted.server);
    return needed <= wanted.needed || this.awaitConfirmations({ ...wanted, needed }, setTimer);
  }

  /** As WAIT: resolves to whether so many replicas have confirmed the writes of a server. */
  #wait({ server, needed, waitMs }: WantedConfirmations, setTimer: SetTimer): Promise<boolean> {
    const { now } = this.#scheduler;
    const confirmation = this.confirmedAt(server, needed);
    const at = confirmation ? Math.max(confirmation.at, now) + 1 : Infinity;
    const isInTime = at <= now + waitMs;
    return new Promise((resolve) => {
      setTimer(isInTime ? at - now : waitMs, () =>
        resolve(isInTime && server.replicas.has(confirmation!.replica)),
      );
    });
  }
}
