import type { Entry, PartStore } from '../../src/cache/part-store.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import type { ReadContact } from '../../src/contact/read-contact.ts';
import { isAppError } from '../../src/errors.ts';
import { Checker, type Announced, type Closed } from './checker.ts';
import { CONNECTIONS, type Action, type Schedule } from './schedule.ts';
import { randomOf, Scheduler, type Actor } from './scheduler.ts';
import { SimulatedRedis } from './simulated-redis.ts';
import {
  FENCE_MS,
  METRICS,
  openMemoryStore,
  openRedisStore,
  SLACK_MS,
  TTL_MS,
  UPSTREAM_MS,
} from './simulated-store.ts';
import { SimulatedTopology } from './simulated-topology.ts';
import { SimulatedUpstream } from './simulated-upstream.ts';

const ORG = 'o';
const POLICY = {
  ttlMs: { contact: 2500, notes: 1500, entity: 0, profile: 0, signals: 0 },
  negativeTtlMs: 1000,
  staleWhileRevalidateMs: 800,
  staleIfErrorMs: 2000,
};
interface Process extends Actor {
  readonly index: number;
  readonly store: PartStore;
  readonly read: ReadContact;
  readonly redis: SimulatedRedis | undefined;
}

/** Runs one schedule on the code of the cache. */
export class World {
  readonly checker = new Checker(TTL_MS);
  readonly trace: string[] = [];
  readonly #schedule: Schedule;
  readonly #scheduler = new Scheduler();
  readonly #random: () => number;
  readonly #topology: SimulatedTopology | undefined;
  readonly #processes: Process[] = [];
  readonly #upstream: SimulatedUpstream;
  readonly #isTraced: boolean;
  /** The open announcement of each reference, by which processes acknowledge. */
  readonly #references = new Map<string, Announced>();
  #ids = 0;
  #hasFault = false;

  constructor(schedule: Schedule, isTraced = false) {
    this.#schedule = schedule;
    this.#isTraced = isTraced;
    this.#random = randomOf(schedule.seed ^ 0x5bd1e995);
    this.#upstream = new SimulatedUpstream({
      scheduler: this.#scheduler,
      random: this.#random,
      timeoutMs: UPSTREAM_MS,
      hasNotFound: schedule.hasNotFound,
      log: (text) => this.#log(text),
    });
    if (schedule.mode !== 'memory') this.#topology = new SimulatedTopology(this.#scheduler, schedule);
    for (let index = 0; index < schedule.processes; index += 1) this.#processes[index] = this.#start(index);
    for (const action of schedule.actions) this.#scheduler.at(action.at, () => this.#act(action));
  }

  /** Runs the next event. Returns false when the schedule is over, or a promise is broken. */
  step(): boolean {
    return this.checker.violations.length === 0 && this.#scheduler.step(this.#schedule.endsAt);
  }

  #log(text: () => string): void {
    if (this.#isTraced) this.trace.push(`${this.#scheduler.now.toFixed(1).padStart(8)}  ${text()}`);
  }

  #start(index: number): Process {
    const scheduler = this.#scheduler;
    const actor: Actor = { pausedUntil: 0, isDead: false };
    // Monotonic clocks of processes are not comparable.
    const offset = this.#random() * 1e6;
    const now = () => scheduler.now + offset;
    const randomId = () => `id${index}x${String((this.#ids += 1)).padStart(10, '0')}`;
    const redis = this.#topology && new SimulatedRedis(scheduler, this.#topology, actor, this.#random);
    const store = redis
      ? openRedisStore(redis, {
          watch: { index, checker: this.checker, references: this.#references, now: () => scheduler.now },
          now,
          randomId,
          hasNearCache: this.#schedule.hasNearCache,
          log: (text) => this.#log(text),
        })
      : openMemoryStore(now);
    const read = withCache(
      (query) => this.#upstream.fetch(actor, query.parts, Number(query.contact.slice(1))),
      {
        store,
        policy: POLICY,
        maxWaitMs: UPSTREAM_MS,
        metrics: METRICS,
        now,
        random: this.#random,
        onRefreshFailure: () => {},
        onStoreFailure: (error) => this.checker.violations.push(`the store failed: ${String(error)}`),
      },
    );
    redis?.connect();
    return Object.assign(actor, { index, store, read, redis });
  }

  #act(action: Action): void {
    this.#log(() => JSON.stringify({ ...action, at: undefined }));
    if ('process' in action) {
      const process = this.#processes[action.process]!;
      if (action.kind === 'read') this.#scheduler.after(0, () => void this.#read(process, action), process);
      if (action.kind === 'change') this.#change(process, action.contact);
      if (action.kind === 'write') this.#scheduler.after(0, () => void this.#write(process, action), process);
    }
    if (action.kind === 'read' || action.kind === 'change' || action.kind === 'write') return;
    this.#hasFault = true;
    this.#disturb(action);
  }

  #disturb(action: Exclude<Action, { kind: 'read' | 'change' | 'write' }>): void {
    const { now } = this.#scheduler;
    const topology = this.#topology!;
    if (action.kind === 'stall' || action.kind === 'cut') {
      const names = CONNECTIONS.filter((_name, index) => ((action.connections >> index) & 1) === 1);
      this.#processes[action.process]!.redis![action.kind](names, now + action.ms);
    } else if (action.kind === 'pause') {
      this.checker.hasPaused = true;
      const paused = this.#processes[action.process]!;
      paused.pausedUntil = Math.max(paused.pausedUntil, now + action.ms);
    } else if (action.kind === 'kill') {
      this.#processes[action.process]!.isDead = true;
      this.checker.replaceProcess(action.process, now);
      this.#processes[action.process] = this.#start(action.process);
    } else if (action.kind === 'failover') {
      const shard = action.shard % topology.shards.length;
      if (topology.shards[shard]!.servers.length === 1) topology.restart(shard, 100 + action.lagMs);
      else topology.failOver(shard, topology.mode === 'sentinel' ? action.aliveMs : 0);
    } else if (action.kind === 'lag') topology.lagMs = action.ms;
    else if (action.kind === 'clock') {
      this.checker.clockWasSet = true;
      for (const server of topology.shards[action.shard % topology.shards.length]!.servers)
        server.clockMs += action.ms;
    }
  }

  async #read(process: Process, action: Extract<Action, { kind: 'read' }>): Promise<void> {
    const startedAt = this.#scheduler.now;
    const parts = (['contact', 'notes', 'entity'] as const).filter(
      (part) => part === 'contact' || action[part],
    );
    this.#upstream.next = action;
    const query = { org: ORG, member: `m${action.member}`, contact: `c${action.contact}`, parts };
    const { signal } = new AbortController();
    const options = { signal, bypass: action.bypass, noStore: false, onCacheOutcome: () => {} };
    try {
      const found = await process.read(query, options);
      if (process.isDead) return;
      const shown = Object.entries(found).map(([part, entry]) => {
        const call = this.#upstream.callOf(entry.bytes);
        return [part, entry as Entry, call] as const;
      });
      this.#log(
        () =>
          `process ${process.index} shows ${shown.map(([part, entry, call]) => `${part} of call ${call.id} (version ${call.version}, ${entry.generation}:${entry.number})`).join()}, asked at ${startedAt.toFixed(1)}`,
      );
      const { member, contact } = action;
      const { now: endedAt } = this.#scheduler;
      this.checker.read({ process: process.index, member, contact, startedAt, endedAt, parts: shown });
    } catch (error) {
      if (isAppError(error, 'CONTACT_NOT_FOUND') && !process.isDead) {
        const { contact } = action;
        const version = this.#upstream.latestMissing(contact);
        this.checker.notFound({ process: process.index, contact, startedAt }, version);
      }
      if (!isAppError(error)) this.checker.violations.push(`a read failed: ${String(error)}`);
    }
  }

  #announce(process: Process, contact: number, version: number): Announced {
    const announced: Announced = {
      contact,
      process: process.index,
      startedAt: this.#scheduler.now,
      version,
      acknowledgedAt: Infinity,
      effectAt: this.#scheduler.now,
      acknowledgedBy: new Set(),
      isHealthy: false,
    };
    this.checker.announced.push(announced);
    return announced;
  }

  #acknowledge(process: Process, announced: Announced): void {
    if (process.isDead) return;
    announced.acknowledgedAt = this.#scheduler.now;
    announced.isHealthy = !this.#hasFault;
    this.#log(
      () =>
        `process ${process.index} acknowledges version ${announced.version} of contact ${announced.contact}`,
    );
  }

  #change(process: Process, contact: number): void {
    const version = this.#upstream.change(contact);
    const run = async (): Promise<void> => {
      const announced = this.#announce(process, contact, version);
      try {
        await process.store.invalidate(ORG, `c${contact}`);
        this.#acknowledge(process, announced);
      } catch (error) {
        if (!isAppError(error, 'CACHE_UNAVAILABLE'))
          this.checker.violations.push(`an invalidation failed: ${String(error)}`);
      }
    };
    this.#scheduler.after(0, () => void run(), process);
  }

  /** Writes as an operation does: closes the contact, calls the upstream, and opens it. */
  async #write(process: Process, action: Extract<Action, { kind: 'write' }>): Promise<void> {
    const { contact, upstreamMs, commitMs } = action;
    try {
      const sendBefore = this.#scheduler.now + UPSTREAM_MS;
      const fence = await process.store.fence(ORG, `c${contact}`);
      const closedAt = this.#scheduler.now;
      if (closedAt > sendBefore) return await fence.open();
      const endsAt = closedAt + FENCE_MS + TTL_MS + SLACK_MS;
      const closed: Closed = { contact, endsAt, committedVersion: 0 };
      // Redis without a replica can lose the fence.
      if ((this.#topology?.shards[0]!.servers.length ?? 2) > 1) this.checker.closed.push(closed);
      const commit = (): void => void (closed.committedVersion = this.#upstream.change(contact));
      this.#scheduler.after(commitMs, commit, undefined, false);
      const isKnown = commitMs <= upstreamMs;
      await new Promise<void>((resolve) => {
        this.#scheduler.after(isKnown ? upstreamMs : UPSTREAM_MS, resolve, process);
      });
      if (!isKnown) return fence.uncertain();
      const announced = this.#announce(process, contact, closed.committedVersion);
      await fence.open();
      this.#acknowledge(process, announced);
    } catch (error) {
      if (!isAppError(error, 'CACHE_UNAVAILABLE'))
        this.checker.violations.push(`a write failed: ${String(error)}`);
    }
  }
}
