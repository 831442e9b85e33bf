import { Cluster, type Redis } from 'ioredis';
import type { RedisAddress, RedisSettings } from './redis-settings.ts';

/** Returns whether a failover may promote a replica that has not confirmed a write. */
export type HasReplica = (node: Redis, key: string) => Promise<boolean>;

/** The flags of a replica that Sentinels do not promote. */
const DOWN = /s_down|o_down|disconnected/;

/**
 * Creates a function that returns whether a master has a replica. ROLE lists the connected ones. A replica that
 * is out of sync is not connected, but can be promoted: CLUSTER SLOTS and SENTINEL REPLICAS list it. Callers share
 * one query of the Sentinels, because each query opens a connection.
 *
 * @param createSentinel creates a connection to a Sentinel.
 */
export function replicaFinder(
  settings: RedisSettings,
  connection: Redis | Cluster,
  slotOf: (key: string) => number,
  createSentinel: (address: RedisAddress) => Redis,
): HasReplica {
  let asked: Promise<boolean> | undefined;

  return async function hasReplica(node, key) {
    const role = await node.role().catch(permissionDenied);
    // Without the permission for ROLE, only a standalone server is taken to be alone.
    if (role === undefined) return settings.mode !== 'standalone';
    if (role[0] !== 'master') return true;
    const [, , replicas] = role;
    if (Array.isArray(replicas) && replicas.length > 0) return true;
    if (connection instanceof Cluster) return (connection.slots[slotOf(key)]?.length ?? 0) > 1;
    if (settings.mode !== 'sentinel') return false;
    asked ??= replicasInSentinels().finally(() => (asked = undefined));
    return asked;
  };

  /** Asks one Sentinel after the other. If none answers, a replica is taken to exist. */
  async function replicasInSentinels(): Promise<boolean> {
    for (const address of settings.nodes) {
      const sentinel = createSentinel(address);
      sentinel.on('error', () => {});
      try {
        const replicas = await sentinel.call('SENTINEL', 'REPLICAS', settings.sentinelName!);
        return (replicas as unknown[]).some((replica) => !DOWN.test(flagsOf(replica)));
      } catch {
        // The next Sentinel may answer.
      } finally {
        sentinel.disconnect();
      }
    }
    return true;
  }
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
