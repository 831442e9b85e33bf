import { CLAIM, INVALIDATE, NUMBER_LENGTH, PUBLISH, RENEW, SETTLE } from '../../src/cache/redis-scripts.ts';
import { READ } from '../../src/redis/stored-value.ts';

type Value = Buffer | Map<string, number>;
type Argument = string | number | Buffer;
interface Stored {
  readonly value: Value;
  /** By the clock of the server. */
  readonly expiresAt: number;
}

/** A change of a key, which a replica repeats. */
type Change = readonly [key: string, stored: Stored | undefined];

export interface ServerEvents {
  onPublish(server: SimulatedServer, channel: string, message: string): void;
  onWrite(server: SimulatedServer, changes: readonly Change[]): void;
}

/** One Redis server: its keys, its clock, and the scripts of the cache, written again in TypeScript. */
export class SimulatedServer {
  readonly name: string;
  /** The difference between this server's clock and the virtual one. */
  clockMs = 1_000_000;
  isDead = false;
  isMaster = true;
  /** The servers that repeat the writes of this one. */
  readonly replicas = new Set<SimulatedServer>();
  #keys = new Map<string, Stored>();
  #changes: Change[] = [];
  readonly #now: () => number;
  readonly #events: ServerEvents;

  constructor(name: string, now: () => number, events: ServerEvents) {
    this.name = name;
    this.#now = now;
    this.#events = events;
  }

  /** Runs a script of the cache. Throws if the server may not write. */
  run(lua: string, keys: readonly string[], args: readonly Argument[]): unknown {
    const script = SCRIPTS.get(lua);
    if (!script) throw new Error('unknown script');
    if (!this.isMaster && lua !== READ) throw new Error('READONLY');
    const reply = script(this, keys, args);
    if (this.#changes.length > 0) {
      const changes = this.#changes;
      this.#changes = [];
      this.#events.onWrite(this, changes);
    }
    return reply;
  }

  apply(changes: readonly Change[]): void {
    for (const [key, stored] of changes) {
      if (stored) this.#keys.set(key, stored);
      else this.#keys.delete(key);
    }
  }

  /** Takes over the keys of another server, as a full synchronization does. */
  synchronize(from: SimulatedServer): void {
    this.#keys = new Map(from.#keys);
  }

  clear(): void {
    this.#keys.clear();
  }

  time(): number {
    return Math.floor(this.#now() + this.clockMs);
  }

  get(key: string): Value | undefined {
    const stored = this.#keys.get(key);
    if (!stored) return undefined;
    if (stored.expiresAt > this.time()) return stored.value;
    this.#keys.delete(key);
    return undefined;
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    return value instanceof Buffer ? value.toString('latin1') : undefined;
  }

  /** Returns the remaining ms, or -2 without the key. */
  ttl(key: string): number {
    return this.get(key) === undefined ? -2 : this.#keys.get(key)!.expiresAt - this.time();
  }

  set(key: string, value: Value | string, ttlMs: number | 'keep'): void {
    const expiresAt = ttlMs === 'keep' ? (this.#keys.get(key)?.expiresAt ?? 0) : this.time() + ttlMs;
    this.#write(key, { value: typeof value === 'string' ? Buffer.from(value, 'latin1') : value, expiresAt });
  }

  expire(key: string, ttlMs: number): void {
    const value = this.get(key);
    if (value !== undefined) this.#write(key, { value, expiresAt: this.time() + ttlMs });
  }

  remove(key: string): boolean {
    const existed = this.get(key) !== undefined;
    if (existed) this.#write(key, undefined);
    return existed;
  }

  keys(): string[] {
    return [...this.#keys.keys()];
  }

  publish(channel: string, message: string): void {
    this.#events.onPublish(this, channel, message);
  }

  #write(key: string, stored: Stored | undefined): void {
    if (stored) this.#keys.set(key, stored);
    else this.#keys.delete(key);
    this.#changes.push([key, stored]);
  }
}

type Script = (server: SimulatedServer, keys: readonly string[], args: readonly Argument[]) => unknown;

const read: Script = (server, keys) => [
  keys.map((key) => server.get(key) ?? null),
  keys.map((key) => server.ttl(key)),
];

const claim: Script = (server, keys, args) => {
  const now = server.time();
  const [generationKey, fenceKey] = keys as [string, string];
  const fence = server.get(fenceKey);
  if (fence instanceof Map) {
    const open = new Map([...fence].filter(([, until]) => until > now));
    if (open.size > 0) return null;
    server.remove(fenceKey);
  }
  const [candidate, px, owner, leaseMs, leases] = [
    String(args[0]),
    Number(args[1]),
    String(args[2]),
    Number(args[3]),
    Number(args[4]),
  ];
  const known = /^(.+):(\d+)$/.exec(server.text(generationKey) ?? '');
  const generation = known?.[1] ?? candidate;
  const number = Number(known?.[2] ?? 0) + 1;
  server.set(generationKey, `${generation}:${number}`, known ? 'keep' : px);
  const holders: Buffer[] = [];
  for (let index = 0; index < leases; index += 1) {
    const key = keys[2 + index]!;
    const waited = String(args[5 + index] ?? '');
    let held = server.text(key);
    if (held !== undefined && waited !== '' && held.startsWith('=') && held.includes(waited)) {
      holders.push(Buffer.from(held));
    } else if (held?.startsWith(`${generation}:`) && server.ttl(key) <= leaseMs) {
      if (held.endsWith('!')) held = held.slice(0, -1);
      else server.set(key, `${held}!`, 'keep');
      holders.push(Buffer.from(held));
    } else {
      server.set(key, `${generation}:${owner}`, leaseMs);
      holders.push(Buffer.alloc(0));
    }
  }
  const parts = keys.slice(2 + leases);
  const values = parts.map((key) => server.get(key) ?? null);
  return [Buffer.from(generation), number, holders, values, parts.map((key) => server.ttl(key)), now];
};

const settle: Script = (server, keys, args) => {
  const [generation, px, token, channel, message] = args.map(String) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const [leases, messageMs, claimTime, elapsed, number] = args.slice(5, 10).map(Number);
  const [generationKey] = keys as [string];
  const prefix = `${generation}:`;
  const isHeld = server.text(generationKey)?.startsWith(prefix) ?? false;
  let [isKnown, isAwaited] = [false, false];
  for (const key of keys.slice(1, 1 + leases!)) {
    const lease = server.text(key);
    if (lease !== token) isAwaited = true;
    if (lease === token || lease === `${token}!`) {
      isKnown = true;
      server.remove(key);
    }
    if (messageMs !== 0 && (lease === undefined || lease === `${token}!`))
      server.set(key, `=${message}`, messageMs!);
  }
  if (isHeld) {
    server.expire(generationKey, Number(px));
    const late = server.time() - claimTime! - elapsed!;
    keys.slice(1 + leases!).forEach((key, index) => {
      const ttlMs = Number(args[10 + 2 * index]) - Math.max(0, late);
      const stored = server.text(key)?.slice(0, prefix.length + NUMBER_LENGTH) ?? '';
      const isNewer = stored.startsWith(prefix) && Number(stored.slice(prefix.length)) > number!;
      if (!isKnown || isNewer) return;
      if (ttlMs <= 0) server.remove(key);
      else server.set(key, args[11 + 2 * index] as Buffer, ttlMs);
    });
  }
  if (isAwaited) server.publish(channel, message);
  return isHeld ? (isKnown ? 1 : 2) : 0;
};

const renew: Script = (server, keys, [token, ttlMs]) => {
  for (const key of keys) {
    const lease = server.text(key);
    if (lease === token || lease === `${String(token)}!`) server.expire(key, Number(ttlMs));
  }
};

const invalidate: Script = (server, keys, args) => {
  const [generationKey, fenceKey] = keys as [string, string];
  const [channel, message, always, ...changes] = args as [string, string, string, ...Argument[]];
  const isRemoved = server.remove(generationKey);
  if (changes.length > 0) {
    const known = server.get(fenceKey);
    const fence = new Map(known instanceof Map ? known : []);
    const now = server.time();
    for (let index = 0; index < changes.length; index += 2) {
      const [token, closeMs] = [String(changes[index]), Number(changes[index + 1])];
      if (closeMs === 0) fence.delete(token);
      else fence.set(token, Math.max(now + closeMs, fence.get(token) ?? 0));
    }
    if (fence.size === 0) server.remove(fenceKey);
    else server.set(fenceKey, fence, Math.max(1, Math.max(...fence.values()) - now));
  }
  if (isRemoved || always === '1') server.publish(channel, message);
};

const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  [READ, read],
  [CLAIM, claim],
  [SETTLE, settle],
  [RENEW, renew],
  [INVALIDATE, invalidate],
  [PUBLISH, (server, _keys, [channel, message]) => server.publish(String(channel), String(message))],
]);
