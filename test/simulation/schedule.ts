import { randomOf } from './scheduler.ts';

export const CONNECTIONS = ['commands', 'invalidations', 'subscription'] as const;

/** An event from outside. Times are ms of the virtual clock. */
export type Action = { readonly at: number } & (
  | {
      readonly kind: 'read';
      readonly process: number;
      readonly contact: number;
      readonly member: number;
      readonly notes: boolean;
      /** Whether it reads a part that is not cached. */
      readonly entity: boolean;
      readonly bypass: boolean;
      readonly upstreamMs: number;
      /** Whether the upstream call that it may begin fails. */
      readonly fails: boolean;
    }
  | { readonly kind: 'change'; readonly process: number; readonly contact: number }
  | {
      readonly kind: 'write';
      readonly process: number;
      readonly contact: number;
      readonly upstreamMs: number;
      readonly commitMs: number;
    }
  | {
      readonly kind: 'stall' | 'cut';
      readonly process: number;
      readonly connections: number;
      readonly ms: number;
    }
  | { readonly kind: 'pause'; readonly process: number; readonly ms: number }
  | { readonly kind: 'kill'; readonly process: number }
  | { readonly kind: 'failover'; readonly shard: number; readonly aliveMs: number; readonly lagMs: number }
  | { readonly kind: 'lag'; readonly ms: number }
  | { readonly kind: 'clock'; readonly shard: number; readonly ms: number }
);

export interface Schedule {
  readonly seed: number;
  readonly mode: 'standalone' | 'sentinel' | 'cluster' | 'memory';
  readonly replicas: number;
  /** False if Redis denies ROLE, so that the replay alone protects a change on a master that is being replaced. */
  readonly seesReplicas: boolean;
  readonly processes: number;
  readonly hasNearCache: boolean;
  /** Whether the contact does not exist in each fourth version. */
  readonly hasNotFound: boolean;
  readonly actions: readonly Action[];
  readonly endsAt: number;
}

/** When all processes know each other. */
const BEGINS_AT = 300;
/** The kinds of actions, each as often as it is listed. */
const KINDS = [
  ...Array.from({ length: 18 }, () => 'read' as const),
  ...Array.from({ length: 5 }, () => 'change' as const),
  ...([
    'write',
    'write',
    'stall',
    'cut',
    'cut',
    'failover',
    'failover',
    'pause',
    'kill',
    'lag',
    'clock',
  ] as const),
];

const PLAIN_READ = {
  member: 0,
  notes: false,
  entity: false,
  bypass: false,
  upstreamMs: 5,
  fails: false,
} as const;

/** Milliseconds after a read at which it is repeated, since what it has cached may no longer be served. */
const REPEATED_AFTER_MS = 1000;

/**
 * Returns the schedule of a seed.
 *
 * @param version 1 for the seeds that failed before there were two members, failing calls, repeated reads, and
 *   contacts that do not exist; 2 for those before replication stopped; 3 for those before parts that are not
 *   cached, and changes that reach a master that is being replaced.
 */
export function scheduleOf(seed: number, version: 1 | 2 | 3 | 4 = 4): Schedule {
  const random = randomOf(seed);
  const more = randomOf(seed ^ 0x2545f491);
  const latest = randomOf(seed ^ 0x1b873593);
  const newest = randomOf(seed ^ 0x27d4eb2f);
  const isMore = (share: number) => version > 1 && more() < share;
  const isLatest = (share: number) => version > 2 && latest() < share;
  const isNewest = (share: number) => version > 3 && newest() < share;
  const readAt = (readsAt: number, contact: number, upstreamMs: number): Action => {
    const process = Math.floor(more() * processes);
    const query = { ...PLAIN_READ, process, contact };
    return { at: readsAt, kind: 'read', ...query, upstreamMs };
  };
  const below = (limit: number) => Math.floor(random() * limit);
  const isOften = (share: number) => random() < share;
  const mode = (['standalone', 'sentinel', 'sentinel', 'cluster', 'cluster', 'memory'] as const)[below(6)]!;
  const isHealthy = isOften(0.15);
  const processes = mode === 'memory' ? 1 : 2 + below(2);
  const contacts = mode === 'memory' ? 1 : 1 + below(2);
  const actions: Action[] = [];
  let at = BEGINS_AT;
  // Most actions come in bursts, because violations need several of them at about the same time.
  for (let count = 12 + below(16); count > 0; count -= 1) {
    at += isOften(0.7) ? random() * 40 : random() * 900;
    const process = below(processes);
    const contact = below(contacts);
    const upstreamMs = isOften(0.3) ? 20 + random() * 350 : 1 + random() * 20;
    const kind = KINDS[below(KINDS.length)]!;
    if (kind === 'read') {
      const query = { notes: isOften(0.4), bypass: isOften(0.1), member: isMore(0.3) ? 1 : 0 };
      const entity = isNewest(0.2);
      const read = { kind, process, contact, ...query, entity, upstreamMs, fails: isMore(0.1) };
      actions.push({ at, ...read });
      const again = REPEATED_AFTER_MS + more() * upstreamMs;
      if (isMore(0.4)) actions.push({ at: at + again, ...read, bypass: false, fails: false });
    } else if (kind === 'change') actions.push({ at, kind, process, contact });
    else if (kind === 'write') {
      const commitMs = isOften(0.3) ? 400 + random() * 550 : random() * upstreamMs;
      actions.push({ at, kind, process, contact, upstreamMs, commitMs });
      // A slow call that begins before the commit, and a read that could join it after the acknowledgement.
      if (isMore(0.5)) {
        const slow = readAt(at + more() * upstreamMs, contact, 380);
        actions.push(slow, { ...slow, at: at + upstreamMs + 5 + more() * 60 });
      }
    } else if (isHealthy || mode === 'memory') continue;
    else if (kind === 'stall' || kind === 'cut')
      actions.push({
        at,
        kind,
        process,
        connections: isMore(0.3) ? 7 : 1 + below(7),
        ms: random() * (isOften(0.5) ? 300 : 3000),
      });
    else if (kind === 'pause') actions.push({ at, kind, process, ms: random() * 2000 });
    else if (kind === 'kill') actions.push({ at, kind, process });
    else if (kind === 'failover') {
      const failover = {
        kind,
        shard: below(2),
        aliveMs: isOften(0.5) ? 0 : random() * 700,
        lagMs: random() * 60,
      };
      actions.push({ at, ...failover });
      if (isMore(0.5)) {
        // A change that reaches the old master, and reads from the new one.
        const changedAt = at + more() * Math.max(50, failover.aliveMs);
        actions.push(readAt(at - 5 - more() * 30, contact, 5), {
          at: changedAt,
          kind: 'change',
          process,
          contact,
        });
        for (let reads = 0; reads < 3; reads += 1) actions.push(readAt(changedAt + more() * 900, contact, 5));
      }
    } else if (kind === 'lag') {
      const lag = { at, kind, ms: isOften(0.5) ? random() * 40 : 400 };
      actions.push(lag);
      if (isMore(lag.ms < 400 ? 0 : 0.6)) {
        // A change that no replica has when its master dies.
        const changedAt = at + more() * 100;
        const failedAt = changedAt + 20 + more() * 350;
        actions.push(readAt(at - 5 - more() * 30, contact, 5), {
          at: changedAt,
          kind: 'change',
          process,
          contact,
        });
        actions.push({ at: failedAt, kind: 'failover', shard: contact % 2, aliveMs: 0, lagMs: 30 });
        for (let reads = 0; reads < 3; reads += 1) actions.push(readAt(failedAt + more() * 900, contact, 5));
      }
      if (isLatest(0.3)) actions.push(...lostOnReplica(at, contact, process, processes, latest));
    } else actions.push({ at, kind, shard: below(2), ms: (random() - 0.5) * 4000 });
  }
  // Without other events, because each later invalidation hides the loss of an earlier one.
  const isFocused = mode === 'sentinel' && isNewest(0.15);
  if (isFocused) {
    at = 1500;
    actions.splice(0, actions.length, ...lostOnMaster(at, processes, newest));
  }
  // Reads after everything that can expire has expired.
  for (let contact = 0; contact < contacts; contact += 1)
    for (let process = 0; process < processes; process += 1)
      for (const later of [1100, 2900])
        actions.push({ at: at + later, kind: 'read', ...PLAIN_READ, process, contact });
  actions.sort((one, other) => one.at - other.at);
  const replicas = mode === 'sentinel' ? 1 + below(2) : mode === 'cluster' ? below(2) : 0;
  const hasNearCache = !isOften(0.15);
  const hasNotFound = isMore(0.3);
  const options = { mode, replicas, seesReplicas: !isFocused, processes, hasNearCache, hasNotFound };
  return { seed, ...options, actions, endsAt: at + 3600 };
}

/** Replication stops, and after a change all processes that know of it end, and then the master that has it. */
function lostOnReplica(
  at: number,
  contact: number,
  process: number,
  processes: number,
  random: () => number,
): Action[] {
  const changedAt = at + 20 + random() * 50;
  const killedAt = changedAt + 20 + random() * 500;
  const failedAt = killedAt + 50 + random() * 200;
  const query = { ...PLAIN_READ, contact };
  const ofEach = Array.from({ length: processes }, (_, each): Action[] => [
    { at: at - 10, kind: 'read', process: each, ...query },
    { at: killedAt + random() * 40, kind: 'kill', process: each },
    { at: changedAt + 1050 + random() * 400, kind: 'read', process: each, ...query },
  ]);
  return [
    { at: changedAt - 19, kind: 'lag', ms: 4000 },
    { at: changedAt, kind: 'change', process, contact },
    ...ofEach.flat(),
    { at: failedAt, kind: 'failover', shard: contact % 2, aliveMs: 0, lagMs: 30 },
    { at: failedAt + 1, kind: 'lag', ms: 10 },
  ];
}

/** A change that reaches a master that is being replaced, and reads after its promise of what was cached before. */
function lostOnMaster(at: number, processes: number, random: () => number): Action[] {
  const aliveMs = 200 + random() * 500;
  const changedAt = at + random() * aliveMs;
  const read = { ...PLAIN_READ, kind: 'read', contact: 0 } as const;
  const reads = Array.from({ length: processes }, (_, process): Action[] => [
    { at: at - 80 - random() * 60, process, ...read },
    { at: changedAt + 1050 + random() * 500, process, ...read },
  ]);
  return [
    { at, kind: 'failover', shard: 0, aliveMs, lagMs: 30 },
    { at: changedAt, kind: 'change', process: 0, contact: 0 },
    ...reads.flat(),
  ];
}
