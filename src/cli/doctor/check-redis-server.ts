import type { RedisClient } from '../../redis/redis-client.ts';
import { diagnose } from '../../redis/redis-diagnosis.ts';
import type { RedisSettings } from '../../redis/redis-settings.ts';
import { sendCommand } from './redis-command.ts';
import { warned, type Finding } from './finding.ts';
import { evaluateReplicaSettings } from './evaluate-replica-settings.ts';
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
  const [persistence, replicas] = await Promise.all([
    readConfig(client, 'save'),
    readConfig(client, 'min-replicas-*'),
  ]);
  const fields = parseInfo(info);
  const failover = evaluateReplicaSettings(fields, replicas, mode);
  const save = persistence && (persistence.get('save') ?? '');
  return [...evaluateServer(fields, { save, mode }), ...(failover ? [failover] : [])];
}

/** Returns the settings that match a pattern, or undefined if the ACL user cannot read them. */
async function readConfig(
  client: RedisClient,
  pattern: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const reply = await sendCommand(client, 'CONFIG', ['GET', pattern]).catch(() => undefined);
  if (!Array.isArray(reply)) return undefined;
  const texts = reply.map(String);
  return new Map(texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? ''] as const] : [])));
}
