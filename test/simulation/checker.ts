import type { Entry } from '../../src/cache/part-store.ts';

/** An upstream call: the version that it saw, and its beginning. */
export interface UpstreamCall {
  readonly id: number;
  readonly beganAt: number;
  endedAt: number;
  version: number;
}

/** An invalidation or a write, and its acknowledgement. */
export interface Announced {
  readonly contact: number;
  readonly process: number;
  readonly startedAt: number;
  /** The version that every read has to show after the acknowledgement. */
  version: number;
  acknowledgedAt: number;
  /** The time of its last effect in Redis before the acknowledgement. */
  effectAt: number;
  /** The processes that have acknowledged before. */
  readonly acknowledgedBy: Set<number>;
  /** True if nothing had failed until the acknowledgement. */
  isHealthy: boolean;
}

/** A write whose process may have died, or whose outcome is unknown. */
export interface Closed {
  readonly contact: number;
  /** The time from which no read shows an older version than the one committed. */
  readonly endsAt: number;
  committedVersion: number;
}

interface Read {
  readonly process: number;
  readonly contact: number;
  readonly startedAt: number;
}

export interface ShownRead extends Read {
  readonly member: number;
  readonly endedAt: number;
  readonly parts: readonly (readonly [part: string, entry: Entry, call: UpstreamCall])[];
}

/** More than the time from a claim in Redis to the beginning of its call. */
const CLAIM_MS = 100;

/** Checks the promises of the cache on what readers see. */
export class Checker {
  readonly announced: Announced[] = [];
  readonly closed: Closed[] = [];
  readonly violations: string[] = [];
  /** True if the clock of Redis was set: the ages of entries are not known then. */
  clockWasSet = false;
  /** True if a process was paused: the time from a claim to its call is not bounded then. */
  hasPaused = false;
  readonly #ttlMs: number;
  /** The latest call that each process has shown of each part, and when. */
  readonly #shown = new Map<string, readonly [Entry, UpstreamCall, number]>();

  /** The time at which each process took the place of another one. */
  readonly #startedAt = new Map<number, number>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** Returns the version that a read has to show at least, and the reason. */
  #required({ process, contact, startedAt }: Read): readonly [number, string] {
    let required = 0;
    let because = '';
    const require = (version: number, reason: string): void => {
      if (version > required) [required, because] = [version, reason];
    };
    for (const one of this.announced) {
      if (one.contact !== contact) continue;
      const isAtOnce =
        (this.#startedAt.get(process) ?? 0) <= one.startedAt &&
        (one.process === process || one.isHealthy || one.acknowledgedBy.has(process));
      // A process that has not acknowledged serves nothing that Redis has not confirmed within the limit.
      if (
        startedAt >=
        (isAtOnce ? one.acknowledgedAt : Math.max(one.acknowledgedAt, one.effectAt + this.#ttlMs))
      )
        require(one.version, `acknowledged at ${one.acknowledgedAt.toFixed(1)} by process ${one.process}`);
    }
    for (const one of this.closed)
      // A clock that is set ahead opens the contact early.
      if (one.contact === contact && startedAt >= one.endsAt && !this.clockWasSet)
        require(one.committedVersion, 'a write that ended');
    return [required, because];
  }

  /** @param version the latest version in which the contact did not exist. */
  notFound(read: Read, version: number): void {
    const [required, because] = this.#required(read);
    if (version < required)
      this.violations.push(
        `process ${read.process} showed no contact, and version ${required} was ${because}`,
      );
  }

  read({ process, member, contact, startedAt, endedAt, parts }: ShownRead): void {
    const [required, because] = this.#required({ process, contact, startedAt });
    for (const [part, entry, call] of parts) {
      if (call.version < required)
        this.violations.push(
          `process ${process} showed ${part} version ${call.version}, and ${required} was ${because}: the read began at ${startedAt.toFixed(1)}, its call at ${call.beganAt.toFixed(1)}`,
        );
      const key = `${process}|${member}|${contact}|${part}`;
      const before = this.#shown.get(key);
      const isComparable = !this.clockWasSet || before?.[0].generation === entry.generation;
      const isBehind = before !== undefined && isComparable && this.#isEarlier(entry, call, before);
      // Responses that end at the same time are not ordered.
      if (isBehind && before[2] < endedAt)
        this.violations.push(
          `process ${process} showed call ${call.id} (${part}) after call ${before[1].id} that began later`,
        );
      if (!isBehind) this.#shown.set(key, [entry, call, endedAt]);
    }
  }

  /** Forgets what a process has shown and acknowledged, because another one takes its place. */
  replaceProcess(process: number, now: number): void {
    this.#startedAt.set(process, now);
    for (const key of this.#shown.keys()) if (key.startsWith(`${process}|`)) this.#shown.delete(key);
  }

  /**
   * The order of calls is that of their claims. Within a generation it is that of their numbers, unless a failover
   * has undone claims, so that the number of a much later call is lower. Besides, a call that ended well before
   * another one began was claimed before it.
   */
  #isEarlier(
    entry: Entry,
    call: UpstreamCall,
    [shown, shownCall]: readonly [Entry, UpstreamCall, number],
  ): boolean {
    if (call === shownCall || call.beganAt >= shownCall.endedAt) return false;
    if (entry.generation !== shown.generation) return call.beganAt < shownCall.beganAt;
    return entry.number < shown.number || (!this.hasPaused && call.endedAt < shownCall.beganAt - CLAIM_MS);
  }
}
