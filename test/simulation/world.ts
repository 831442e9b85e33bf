import { memoryPartStore } from '../../src/cache/memory-part-store.ts';
import { nearPartStore } from '../../src/cache/near-part-store.ts';
import type { Entry, PartStore } from '../../src/cache/part-store.ts';
import { redisInvalidations } from '../../src/cache/redis-invalidations.ts';
import { redisPartStore } from '../../src/cache/redis-part-store.ts';
import { plainCodec } from '../../src/cache/stored-entry.ts';
import { withCache } from '../../src/cache/with-cache.ts';
import { PARTS, type Part } from '../../src/contact/parts/index.ts';
import type { RedisValue } from '../../src/redis/run-script.ts';
import type { ReadContact } from '../../src/contact/read-contact.ts';
import { AppError, isAppError } from '../../src/errors.ts';
import { Checker, type Announced, type Closed, type UpstreamCall } from './checker.ts';
import { CONNECTIONS, type Action, type Schedule } from './schedule.ts';
import { randomOf, Scheduler, type Actor } from './scheduler.ts';
import { SimulatedRedis } from './simulated-redis.ts';
import { SimulatedTopology } from './simulated-topology.ts';

const TTL_MS = 1000;
const UPSTREAM_MS = 400;
const UNCERTAIN_MS = 600;
const FENCE_MS = UPSTREAM_MS + UNCERTAIN_MS;
/** The time that messages and timers take at most beyond a limit. */
const SLACK_MS = 700;
const ORG = 'o';
const NEVER = new AbortController().signal;
const POLICY = {
  ttlMs: { contact: 2500, notes: 1500, entity: 0, profile: 0, signals: 0 },
  negativeTtlMs: 1000,
  staleWhileRevalidateMs: 800,
  staleIfErrorMs: 2000,
};
const METRICS = {
  gauge: () => {},
  nearRead: () => {},
  part: () => {},
  contactRead: () => {},
};

type Keys = readonly [string, ...string[]];

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
  readonly #versions = new Map<number, number>();
  readonly #calls: UpstreamCall[] = [];
  readonly #isTraced: boolean;
  /** The open announcement of each reference, by which processes acknowledge. */
  readonly #references = new Map<string, Announced>();
  /** The next upstream call. */
  #upstream = { upstreamMs: 5, fails: false };
  #ids = 0;
  #hasFault = false;

  constructor(schedule: Schedule, isTraced = false) {
    this.#schedule = schedule;
    this.#isTraced = isTraced;
    this.#random = randomOf(schedule.seed ^ 0x5bd1e995);
    if (schedule.mode !== 'memory')
      this.#topology = new SimulatedTopology(this.#scheduler, schedule.mode, schedule.replicas);
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
    const store = redis ? this.#openStore(index, redis, now, randomId) : this.#openMemory(now);
    const read = withCache((query) => this.#fetch(actor, query.parts, Number(query.contact.slice(1))), {
      store,
      policy: POLICY,
      maxWaitMs: UPSTREAM_MS,
      metrics: METRICS,
      now,
      random: this.#random,
      onRefreshFailure: () => {},
      onStoreFailure: (error) => this.checker.violations.push(`the store failed: ${String(error)}`),
    });
    redis?.connect();
    return Object.assign(actor, { index, store, read, redis });
  }

  #openMemory(now: () => number): PartStore {
    const limits = { maxBytes: 1e6, fenceMs: FENCE_MS, uncertainMs: UNCERTAIN_MS };
    return memoryPartStore({ ...limits, now, metrics: METRICS });
  }

  #openStore(index: number, redis: SimulatedRedis, now: () => number, randomId: () => string): PartStore {
    const setTimer = (ms: number, run: () => void) => redis.setTimer(ms, run);
    const shared = { redis, now, randomId, setTimer };
    redis.onAcknowledge = (message) => {
      const announced = this.#references.get(message.split('|')[0]!);
      this.#log(() => `process ${index} acknowledges ${message}`);
      if (announced && announced.acknowledgedAt === Infinity) announced.acknowledgedBy.add(index);
    };
    const remote = redisPartStore({
      ...shared,
      codec: plainCodec,
      longestMs: 10_000,
      onUndecodable: () => {},
    });
    const invalidations = redisInvalidations({
      ...shared,
      redis: this.#watched(index, redis),
      ttlMs: TTL_MS,
      fenceMs: FENCE_MS,
      uncertainMs: UNCERTAIN_MS,
    });
    const maxBytes = this.#schedule.hasNearCache ? 1e6 : 0;
    return nearPartStore({ remote, invalidations, maxBytes, ttlMs: TTL_MS, now, randomId, metrics: METRICS });
  }

  /** Returns the Redis of a process, and notes each announcement that it sends, and its effect. */
  #watched(index: number, redis: SimulatedRedis): SimulatedRedis {
    const watched = Object.create(redis) as SimulatedRedis;
    const bound = (name: keyof SimulatedRedis) =>
      Object.defineProperty(watched, name, { value: (redis[name] as () => void).bind(redis) });
    for (const name of [
      'script',
      'removeMatching',
      'subscribe',
      'onGap',
      'onRecovery',
      'serverOf',
      'isSettled',
      'isUp',
    ] as const)
      bound(name);
    const announcedBy = (args: readonly RedisValue[]): Announced | undefined => {
      const [, contact = '', reference = ''] = String(args[1]).split('|');
      const open = this.checker.announced.findLast(
        (one) => one.process === index && `c${one.contact}` === contact && one.acknowledgedAt === Infinity,
      );
      if (open) this.#references.set(reference, open);
      return open;
    };
    const effective = <T>(run: (keys: Keys, args: readonly RedisValue[]) => Promise<T>) => {
      return async (keys: Keys, args: readonly RedisValue[]): Promise<T> => {
        const open = announcedBy(args);
        const result = await run(keys, args);
        if (open?.acknowledgedAt === Infinity) open.effectAt = this.#scheduler.now;
        return result;
      };
    };
    watched.durableScript = (lua, waitMs) => effective(redis.durableScript(lua, waitMs));
    watched.longTimeoutScript = (lua, connection) => effective(redis.longTimeoutScript(lua, connection));
    return watched;
  }

  /** As the upstream: sees the version at some time during the call. */
  #fetch(actor: Actor, parts: readonly Part[], contact: number): Promise<Partial<Record<Part, Buffer>>> {
    const { now } = this.#scheduler;
    const call: UpstreamCall = { id: this.#calls.length, beganAt: now, endedAt: Infinity, version: 0 };
    const { upstreamMs: ms, fails } = this.#upstream;
    this.#calls.push(call);
    this.#scheduler.after(
      this.#random() * ms,
      () => {
        call.version = this.#versions.get(contact) ?? 0;
        this.#log(() => `call ${call.id} sees version ${call.version} of contact ${contact}`);
      },
      undefined,
      false,
    );
    return new Promise((resolve, reject) => {
      const isLate = ms > UPSTREAM_MS;
      const end = (): void => {
        call.endedAt = this.#scheduler.now;
        if (isLate) return reject(new AppError('UPSTREAM_TIMEOUT'));
        if (fails) return reject(new AppError('UPSTREAM_UNAVAILABLE'));
        if (!this.#exists(call.version)) return reject(new AppError('CONTACT_NOT_FOUND'));
        const requested = PARTS.filter((part) => part === 'contact' || parts.includes(part));
        resolve(Object.fromEntries(requested.map((part) => [part, Buffer.from(String(call.id))])));
      };
      this.#scheduler.after(Math.min(ms, UPSTREAM_MS), end, actor);
    });
  }

  #exists(version: number): boolean {
    return !this.#schedule.hasNotFound || version % 4 !== 3;
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
      this.#processes[action.process]!.pausedUntil = now + action.ms;
    } else if (action.kind === 'kill') {
      this.#processes[action.process]!.isDead = true;
      this.checker.replaceProcess(action.process);
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
    const parts: Part[] = action.notes ? ['contact', 'notes'] : ['contact'];
    this.#upstream = action;
    const query = { org: ORG, member: `m${action.member}`, contact: `c${action.contact}`, parts };
    const options = { signal: NEVER, bypass: action.bypass, noStore: false, onCacheOutcome: () => {} };
    try {
      const found = await process.read(query, options);
      if (process.isDead) return;
      const shown = Object.entries(found).map(([part, entry]) => {
        const call = this.#calls[Number(String(entry.bytes))]!;
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
        const current = this.#versions.get(action.contact) ?? 0;
        const seen = [current, current - 1, current - 2, current - 3].find((one) => !this.#exists(one)) ?? -1;
        this.checker.notFound({ process: process.index, contact: action.contact, startedAt }, seen);
      }
      if (!isAppError(error)) this.checker.violations.push(`a read failed: ${String(error)}`);
    }
  }

  #changeVersion(contact: number): number {
    const version = (this.#versions.get(contact) ?? 0) + 1;
    this.#versions.set(contact, version);
    this.#log(() => `contact ${contact} has version ${version}`);
    return version;
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
    const version = this.#changeVersion(contact);
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
      const fence = await process.store.fence(ORG, `c${contact}`);
      const closedAt = this.#scheduler.now;
      const closed: Closed = {
        contact,
        endsAt: closedAt + FENCE_MS + TTL_MS + SLACK_MS,
        committedVersion: 0,
      };
      // Redis without a replica can lose the fence.
      if ((this.#topology?.shards[0]!.servers.length ?? 2) > 1) this.checker.closed.push(closed);
      const commit = (): void => void (closed.committedVersion = this.#changeVersion(contact));
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
