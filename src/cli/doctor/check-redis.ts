import { createRedis, type RedisClient } from '../../redis/redis-client.ts';
import { diagnose, type RedisDiagnosis } from '../../redis/redis-diagnosis.ts';
import type { RedisSettings } from '../../redis/redis-settings.ts';
import { connect, sendCommand } from './redis-command.ts';
import { checkCluster, evaluateSlots } from './check-redis-cluster.ts';
import { checkServer } from './check-redis-server.ts';
import { skewMs, type ClockReading } from './clock.ts';
import { failed, passed, type Finding } from './finding.ts';
import { parseInfo } from './evaluate-redis-server.ts';
import { tryStore } from './try-store.ts';

export interface RedisResult {
  readonly findings: readonly Finding[];
  readonly clock?: ClockReading;
}

/** Checks that Redis is reachable, supports the commands of the cache, and has suitable settings. */
export async function checkRedis(
  settings: RedisSettings,
  { now, signal }: { readonly now: () => number; readonly signal: AbortSignal },
): Promise<RedisResult> {
  const client = createRedis(settings);
  signal.addEventListener('abort', () => client.close());
  try {
    const fault = await connect(client);
    if (fault) return { findings: await explain(settings, fault) };
    const reached = passed('Redis', `${placesOf(settings)} responds`);
    const servers =
      settings.mode === 'cluster'
        ? await checkCluster(client, settings)
        : await checkServer(client, settings.mode);
    const trial = await tryStore(client, settings.timeoutMs);
    const clock = await readClock(client, now);
    return { findings: [reached, ...servers, ...trial], ...(clock && { clock }) };
  } finally {
    client.close();
  }
}

function placesOf({ mode, nodes, tls }: RedisSettings): string {
  const target = {
    standalone: 'the server',
    cluster: 'the Cluster',
    sentinel: 'the master that the Sentinels report',
  };
  const places = nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  return `${target[mode]} (${places}${tls ? ', over TLS' : ''})`;
}

/** The advice for a failed connection without a more specific error, by mode. */
const BY_MODE: Readonly<Record<RedisSettings['mode'], string>> = {
  standalone: 'check the address, and rediss:// against redis://',
  cluster: 'check REDIS_MODE, that REDIS_NODES are nodes of a Cluster, and that it serves all slots',
  sentinel:
    'check that REDIS_NODES are Sentinels, that they monitor REDIS_SENTINEL_NAME, and that its master is up',
};

async function explain(settings: RedisSettings, fault: RedisDiagnosis): Promise<Finding[]> {
  const advice = fault.code === 'UNCONNECTED' ? BY_MODE[settings.mode] : fault.advice;
  const unusable = failed('Redis', `${placesOf(settings)} cannot be used (${fault.code})`, advice);
  if (settings.mode !== 'cluster') return [unusable];
  const node = createRedis({ ...settings, mode: 'standalone', nodes: settings.nodes.slice(0, 1) });
  try {
    if (await connect(node)) return [unusable];
    return [unusable, evaluateSlots(parseInfo(await sendCommand(node, 'CLUSTER', ['INFO'])))];
  } catch (error) {
    const { code } = diagnose(error, undefined);
    const detail = `its first node responds, but is not part of a Cluster (${code})`;
    return [unusable, failed('Redis Cluster', detail, 'check REDIS_MODE')];
  } finally {
    node.close();
  }
}

async function readClock(client: RedisClient, now: () => number): Promise<ClockReading | undefined> {
  const sentAt = now();
  const reply = await sendCommand(client, 'TIME', []).catch(() => undefined);
  if (!Array.isArray(reply)) return undefined;
  const remote = Number(String(reply[0])) * 1000 + Number(String(reply[1])) / 1000;
  // Redis expires keys by its own clock, so a difference is reported but harmless.
  return {
    source: 'Redis',
    aheadMs: skewMs({ sentAt, receivedAt: now(), remote, resolutionMs: 0 }),
    matters: false,
  };
}
