import { mapBounded } from '../../lib/map-bounded.ts';
import { createRedis, type RedisClient } from '../../redis/redis-client.ts';
import type { RedisAddress, RedisSettings } from '../../redis/redis-settings.ts';
import { connect, sendCommand } from './redis-command.ts';
import { checkServer } from './check-redis-server.ts';
import { failed, passed, type Finding } from './finding.ts';
import { parseInfo } from './evaluate-redis-server.ts';

const PARALLELISM = 4;
const MAX_MASTERS = 50;
const SLOTS = 16_384;

/** Checks that a Cluster serves all slots, and checks the settings of each master. */
export async function checkCluster(client: RedisClient, settings: RedisSettings): Promise<Finding[]> {
  const slots = evaluateSlots(parseInfo(await sendCommand(client, 'CLUSTER', ['INFO'])));
  const masters = mastersIn(await sendCommand(client, 'CLUSTER', ['SLOTS']));
  const each = await mapBounded(masters.slice(0, MAX_MASTERS), PARALLELISM, async (node) => {
    const one = createRedis({ ...settings, mode: 'standalone', nodes: [node], db: 0 });
    const at = `${node.host}:${node.port}`;
    try {
      const fault = await connect(one);
      if (fault) return [failed(`Redis ${at}`, `the master cannot be used (${fault.code})`, fault.advice)];
      return (await checkServer(one, 'cluster')).map((finding) => ({ ...finding, at }));
    } finally {
      one.close();
    }
  });
  return [slots, ...merged(each.flat())];
}

/**
 * Checks the slot coverage.
 *
 * @param info the fields of CLUSTER INFO.
 */
export function evaluateSlots(info: ReadonlyMap<string, string>): Finding {
  const covered = Number(info.get('cluster_slots_ok') ?? 0);
  if (info.get('cluster_state') === 'ok' && covered === SLOTS)
    return passed('Redis Cluster', `all ${SLOTS} slots are served`);
  return failed(
    'Redis Cluster',
    `${covered} of ${SLOTS} slots are served`,
    'run redis-cli --cluster check; restore the master that is down, or promote a replica',
  );
}

const alike = ({ check, status, detail }: Finding) => `${check}\n${status}\n${detail}`;

/** Merges findings that are the same for every master. */
function merged(findings: readonly (Finding & { readonly at?: string })[]): Finding[] {
  const groups = Map.groupBy(findings, alike);
  const differing = new Set(findings.map(({ check }) => check)).size < groups.size;
  return [...groups.values()].map((group) => {
    const { at: _at, ...finding } = group[0]!;
    const places = group.flatMap(({ at }) => at ?? []).join(', ');
    return differing && places ? { ...finding, detail: `${finding.detail} (${places})` } : finding;
  });
}

function mastersIn(slots: unknown): RedisAddress[] {
  const found = new Map<string, RedisAddress>();
  for (const range of Array.isArray(slots) ? (slots as unknown[][]) : []) {
    const [host, port] = (range[2] as unknown[] | undefined) ?? [];
    const address = { host: String(host), port: Number(port) };
    found.set(`${address.host}:${address.port}`, address);
  }
  return [...found.values()];
}
