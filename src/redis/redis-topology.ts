import { Cluster, type Redis } from 'ioredis';
import type { RedisAddress, RedisSettings } from './redis-settings.ts';

/** Returns how many replicas have to confirm a write, so that it survives a failover: 0 without replicas. */
export type NeededConfirmations = (node: Redis, key: string) => Promise<number>;

export interface ConfirmationCounterOptions {
  readonly settings: Pick<RedisSettings, 'mode' | 'nodes' | 'sentinelName'>;
  /** The connection whose master is looked at. */
  readonly connection: Redis | Cluster;
  readonly slotOf: (key: string) => number;
  /** Creates a connection to a Sentinel. */
  readonly createSentinel: (address: RedisAddress) => Redis;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** The flags of a replica that Sentinels do not promote. */
const DOWN = /s_down|o_down|disconnected/;

/**
 * Milliseconds for which a master that has lost a replica may be an old one: Sentinels promote the replica first,
 * and then notify the others and the clients, each within a second or two.
 */
const REPLACEMENT_MS = 10_000;

/**
 * Creates a function that counts the replicas that have to confirm a write on a master.
 *
 * - ROLE lists the connected replicas, of which one has to confirm. If Sentinels know a living one that the master
 *   has lost within the last 10 s, they may be promoting it: it has to confirm, too.
 * - A replica that is out of sync is not connected, but can be promoted: CLUSTER SLOTS and SENTINEL REPLICAS list it.
 *
 * Callers share one query of the Sentinels, because each query opens a connection.
 */
export function confirmationCounter(options: ConfirmationCounterOptions): NeededConfirmations {
  const { settings, connection, slotOf, createSentinel, now } = options;
  let asked: Promise<number> | undefined;
  /** The most replicas that the present master has had, and since when it has had fewer. */
  let seen = { master: '', replicas: 0, fewerSince: Infinity };

  if (settings.mode === 'sentinel') connection.on('ready', () => void countFirst());

  return async function neededConfirmations(node, key) {
    const connected = await connectedReplicas(node);
    // Without the permission for ROLE, only a standalone server is taken to be alone.
    if (connected === 'denied') return settings.mode === 'standalone' ? 0 : 1;
    // A former master refuses the write.
    if (connected === 'no master') return 1;
    if (settings.mode === 'sentinel') return neededOfSentinels(connected);
    if (connected > 0) return 1;
    return connection instanceof Cluster && (connection.slots[slotOf(key)]?.length ?? 0) > 1 ? 1 : 0;
  };

  async function neededOfSentinels(connected: number): Promise<number> {
    see(connected);
    const before = seen;
    const hasLost = connected < before.replicas;
    if (connected > 0 && !hasLost) return 1;
    asked ??= livingReplicas().finally(() => (asked = undefined));
    const living = await asked;
    if (hasLost && living > connected && now() - before.fewerSince < REPLACEMENT_MS) return connected + 1;
    if (seen === before) seen = { ...before, replicas: connected, fewerSince: Infinity };
    return Math.max(connected, living) > 0 ? 1 : 0;
  }

  /** Counts when a connection is new, because a loss can be noticed only by comparison. */
  async function countFirst(): Promise<void> {
    const connected = await connectedReplicas(connection as Redis).catch(() => undefined);
    if (typeof connected === 'number') see(connected);
  }

  function see(connected: number): void {
    const { remoteAddress, remotePort } = (connection as Redis).stream;
    const master = `${remoteAddress}:${remotePort}`;
    if (master !== seen.master || connected >= seen.replicas)
      seen = { master, replicas: connected, fewerSince: Infinity };
    else seen.fewerSince = Math.min(seen.fewerSince, now());
  }

  /** Asks one Sentinel after the other. If none answers, replicas are taken to exist. */
  async function livingReplicas(): Promise<number> {
    for (const address of settings.nodes) {
      const sentinel = createSentinel(address);
      sentinel.on('error', () => {});
      try {
        const replicas = await sentinel.call('SENTINEL', 'REPLICAS', settings.sentinelName!);
        return (replicas as unknown[]).filter((replica) => !DOWN.test(flagsOf(replica))).length;
      } catch {
        // The next Sentinel may answer.
      } finally {
        sentinel.disconnect();
      }
    }
    return Infinity;
  }
}

/** Returns the number of replicas that are in sync, or why it is not known. */
async function connectedReplicas(node: Redis): Promise<number | 'denied' | 'no master'> {
  const role = await node.role().catch(permissionDenied);
  if (role === undefined) return 'denied';
  const [kind, , replicas] = role;
  if (kind !== 'master') return 'no master';
  return Array.isArray(replicas) ? replicas.length : 0;
}

/** A replica is a list of names and values, or a map. A reply without flags is not a replica that is down. */
function flagsOf(replica: unknown): string {
  if (!Array.isArray(replica)) return JSON.stringify((replica as { flags?: unknown } | null)?.flags ?? '');
  const fields = replica.map(String);
  return fields[fields.indexOf('flags') + 1] ?? '';
}

function permissionDenied(error: Error): undefined {
  if (!error.message.startsWith('NOPERM')) throw error;
}
