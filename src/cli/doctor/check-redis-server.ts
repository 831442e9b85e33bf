import type { RedisClient } from '../../redis/redis-client.ts';
import { diagnose } from '../../redis/redis-diagnosis.ts';
import type { RedisSettings } from '../../redis/redis-settings.ts';
import { sendCommand } from './redis-command.ts';
import { warned, type Finding } from './finding.ts';
import { evaluateServer, parseInfo } from './evaluate-redis-server.ts';

/** Checks the settings of one server, as far as the ACL user can read them. */
export async function checkServer(client: RedisClient, mode: RedisSettings['mode']): Promise<Finding[]> {
  let info: unknown;
  try {
    info = await sendCommand(client, 'INFO', []);
  } catch (error) {
    const { code } = diagnose(error, undefined);
    const detail = `version, memory and eviction policy cannot be read (${code} on INFO)`;
    return [
      warned(
        'Redis server',
        detail,
        'check manually: redis-cli INFO; maxmemory-policy should be allkeys-lru',
      ),
    ];
  }
  // If the ACL user cannot read the configuration, the check uses INFO alone.
  const save = await sendCommand(client, 'CONFIG', ['GET', 'save']).then(
    (reply) => (Array.isArray(reply) ? String(reply[1] ?? '') : undefined),
    () => undefined,
  );
  return evaluateServer(parseInfo(info), { save, mode });
}
