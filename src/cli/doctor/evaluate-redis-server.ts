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
  const advice = `upgrade: it is tested with ${OLDEST_TESTED.join('.')} and newer`;
  return warned('Redis version', version, advice);
}

function evaluateRole(info: Info, mode: RedisSettings['mode']): Finding | undefined {
  if (info.get('role') === 'slave') {
    return failed('Redis role', 'the server is a read-only replica', 'point REDIS_URL to its master');
  }
  if (mode === 'standalone') return undefined;
  const replicas = Number(info.get('connected_slaves'));
  if (replicas > 0) return passed('Redis replicas', 'every master has one');
  const advice = 'add a replica: with none, what a master holds is lost with it, and nothing takes over';
  return warned('Redis replicas', 'a master has none that is connected', advice);
}

function evaluateEviction(info: Info): Finding {
  const policy = sanitized(info.get('maxmemory_policy'));
  if (GOOD_POLICIES.includes(policy)) return passed('Redis eviction', policy);
  const advice = 'set maxmemory-policy to allkeys-lru, which makes room by dropping what nobody asks for';
  return policy === 'noeviction'
    ? warned('Redis eviction', 'noeviction: once it is full, Redis refuses to store anything', advice)
    : warned('Redis eviction', `${policy}: entries in use may be dropped before those that are not`, advice);
}

function evaluateMemory(info: Info): Finding {
  const most = Number(info.get('maxmemory'));
  if (most > 0) {
    const used = Math.ceil(Number(info.get('used_memory')) / MIB);
    return passed('Redis memory', `${used} of ${Math.floor(most / MIB)} MiB are used`);
  }
  const advice = 'set maxmemory below what the machine can spare';
  return warned('Redis memory', 'nothing limits how much it takes', advice);
}

function evaluatePersistence(info: Info, save: string | undefined): Finding {
  const kinds = [
    ...(info.get('aof_enabled') === '1' ? ['appendonly'] : []),
    ...(save !== undefined && save !== '' ? ['snapshots'] : []),
  ];
  const advice =
    'set save "" and appendonly no, unless revocations have to outlive a restart of Redis: what is written to disk is personal data';
  if (kinds.length > 0) return warned('Redis persistence', `is on (${kinds.join(', ')})`, advice);
  return save === undefined
    ? warned(
        'Redis persistence',
        'cannot be seen in full: CONFIG GET is not allowed',
        `look by hand; ${advice}`,
      )
    : passed('Redis persistence', 'is off');
}

/** Makes text from the server safe for a terminal. */
function sanitized(value: string | undefined): string {
  return (value ?? '').replace(/[^\w.-]/g, '').slice(0, 40) || 'unknown';
}
