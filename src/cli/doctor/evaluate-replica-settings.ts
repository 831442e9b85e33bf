import type { RedisSettings } from '../../redis/redis-settings.ts';
import { passed, warned, type Finding } from './finding.ts';

const CHECK = 'Redis failover';
const WRITES = 'min-replicas-to-write';
const LAG = 'min-replicas-max-lag';

/**
 * Evaluates the settings that end the writes of an old master that is cut off from its replicas. Until then it
 * acknowledges invalidations that are lost. Returns nothing for a server without a replica.
 *
 * @param info the fields of INFO.
 * @param config the names and values of CONFIG GET, or undefined if they cannot be read.
 */
export function evaluateReplicaSettings(
  info: ReadonlyMap<string, string>,
  config: ReadonlyMap<string, string> | undefined,
  mode: RedisSettings['mode'],
): Finding | undefined {
  const replicas = Number(info.get('connected_slaves') ?? 0);
  if (info.get('role') === 'slave' || replicas === 0) return undefined;
  const failsOver = mode !== 'standalone';
  const wanted = failsOver ? `${WRITES} 1 and ${LAG} 1` : `${WRITES} 1`;
  const advice = `set ${wanted}: a master that has lost its replicas then rejects invalidations, which a failover would undo`;
  const [toWrite, maxLagS] = [WRITES, LAG].map((name) => Number(config?.get(name)));
  if (!Number.isInteger(toWrite) || !Number.isInteger(maxLagS))
    return warned(CHECK, `${WRITES} cannot be read`, `check manually; ${advice}`);
  // Redis ignores both settings if one of them is 0.
  if (toWrite === 0 || maxLagS === 0) return warned(CHECK, `${WRITES} is not in effect`, advice);
  if (toWrite! > replicas) {
    const detail = `${WRITES} is ${toWrite}, and ${replicas} replicas are connected: Redis rejects writes`;
    return warned(CHECK, detail, 'connect more replicas, or lower the setting');
  }
  if (failsOver && maxLagS! > 1)
    return warned(CHECK, `${LAG} is ${maxLagS}: a master accepts writes for so many seconds`, advice);
  return passed(CHECK, `${WRITES} is ${toWrite}, and ${LAG} is ${maxLagS}`);
}
