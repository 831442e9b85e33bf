import type { RedisSettings } from '../../redis/redis-settings.ts';
import { failed, passed, warned, type Finding } from './finding.ts';

type Info = ReadonlyMap<string, string>;

/** The oldest tested version. The client requires RESP3, which Redis 6 introduced. */
const OLDEST_TESTED = [6, 2] as const;
const GOOD_POLICIES = ['allkeys-lru', 'allkeys-lfu'];
const MIB = 1024 * 1024;

/** Parses the reply of INFO or CLUSTER INFO. */
export function parseInfo(reply: unknown): Info {
  const pairs = String(reply).matchAll(/^([a-z0-9_]+):(.*?)\r?$/gim);
  return new Map([...pairs].map(([, name, value]) => [name!, value!]));
}

/**
 * Compares the settings of a server with the needs of a cache.
 *
 * @param save the snapshot schedule, or undefined if it cannot be read.
 */
export function evaluateServer(
  info: Info,
  { save, mode }: { readonly save: string | undefined; readonly mode: RedisSettings['mode'] },
): Finding[] {
  return [
    evaluateVersion(info),
    evaluateRole(info, mode),
    evaluateEviction(info),
    evaluateMemory(info),
    evaluatePersistence(info, save),
  ].filter((finding) => finding !== undefined);
}

function evaluateVersion(info: Info): Finding {
  const version = sanitized(info.get('redis_version'));
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = OLDEST_TESTED;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor))
    return passed('Redis version', version);
  const advice = `upgrade: the oldest tested version is ${OLDEST_TESTED.join('.')}`;
  return warned('Redis version', version, advice);
}

function evaluateRole(info: Info, mode: RedisSettings['mode']): Finding | undefined {
  if (info.get('role') === 'slave') {
    return failed('Redis role', 'the server is a read-only replica', 'point REDIS_URL to its master');
  }
  if (mode === 'standalone') return undefined;
  const replicas = Number(info.get('connected_slaves'));
  if (replicas > 0) return passed('Redis replicas', 'every master has a replica');
  const advice = 'add a replica: without one, the data of a failed master is lost, without a failover';
  return warned('Redis replicas', 'a master does not have a connected replica', advice);
}

function evaluateEviction(info: Info): Finding {
  const policy = sanitized(info.get('maxmemory_policy'));
  if (GOOD_POLICIES.includes(policy)) return passed('Redis eviction', policy);
  const advice = 'set maxmemory-policy to allkeys-lru, which evicts the least recently used entries';
  return policy === 'noeviction'
    ? warned('Redis eviction', 'noeviction: Redis rejects writes when it is full', advice)
    : warned('Redis eviction', `${policy}: entries in use can be evicted before unused ones`, advice);
}

function evaluateMemory(info: Info): Finding {
  const most = Number(info.get('maxmemory'));
  if (most > 0) {
    const used = Math.ceil(Number(info.get('used_memory')) / MIB);
    return passed('Redis memory', `${used} of ${Math.floor(most / MIB)} MiB are used`);
  }
  const advice = 'set maxmemory to less than the free memory of the machine';
  return warned('Redis memory', 'is unlimited', advice);
}

function evaluatePersistence(info: Info, save: string | undefined): Finding {
  const kinds = [
    ...(info.get('aof_enabled') === '1' ? ['appendonly'] : []),
    ...(save !== undefined && save !== '' ? ['snapshots'] : []),
  ];
  const advice =
    'set save "" and appendonly no, because cached data is personal data; keep persistence only if revocations must survive a restart of Redis';
  if (kinds.length > 0) return warned('Redis persistence', `is on (${kinds.join(', ')})`, advice);
  return save === undefined
    ? warned(
        'Redis persistence',
        'cannot be read completely: CONFIG GET is not allowed',
        `check manually; ${advice}`,
      )
    : passed('Redis persistence', 'is off');
}

/** Makes text from the server safe for a terminal. */
function sanitized(value: string | undefined): string {
  return (value ?? '').replace(/[^\w.-]/g, '').slice(0, 40) || 'unknown';
}
