import type { RedisClient } from '../../redis/redis-client.ts';
import { faultOf } from '../../redis/redis-fault.ts';
import type { RedisSettings } from '../../redis/redis-settings.ts';
import { ask } from './ask-redis.ts';
import { warned, type Finding } from './finding.ts';
import { judgeServer, parseInfo } from './judge-redis-server.ts';

/** How one server is set up, as far as the user may see it. */
export async function checkServer(client: RedisClient, mode: RedisSettings['mode']): Promise<Finding[]> {
  let info: unknown;
  try {
    info = await ask(client, 'INFO', []);
  } catch (error) {
    const { code } = faultOf(error, undefined);
    const detail = `its version, memory and eviction policy cannot be seen (${code} on INFO)`;
    return [
      warned('Redis server', detail, 'look by hand: redis-cli INFO; maxmemory-policy should be allkeys-lru'),
    ];
  }
  // Where the user may not read the configuration, what INFO says has to do.
  const save = await ask(client, 'CONFIG', ['GET', 'save']).then(
    (reply) => (Array.isArray(reply) ? String(reply[1] ?? '') : undefined),
    () => undefined,
  );
  return judgeServer(parseInfo(info), { save, mode });
}
