import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../support/child.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { startSentinels } from '../support/redis/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

export const TOPOLOGIES = ['standalone', 'sentinel', 'cluster'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export interface HammeredRedis {
  /** The settings of a program that uses it. */
  readonly env: Environment;
  /** Faults by name. Each resolves when Redis is whole again. */
  readonly faults: Readonly<Record<string, () => Promise<unknown>>>;
  stop(): Promise<void>;
}

/** Longer than `REDIS_TIMEOUT_MS`, shorter than the time after which Redis itself begins a failover. */
const STOPPED_MS = 400;
/** Longer than the Cluster's node timeout, so that a replica is promoted. */
const DEAD_MS = 5000;

const MASTERS = 3;

const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

export function startHammered(topology: Topology, replicas: number): Promise<HammeredRedis> {
  if (topology === 'sentinel') return hammeredSentinels(replicas);
  return topology === 'cluster' ? hammeredCluster(replicas) : hammeredServer();
}

async function hammeredServer(): Promise<HammeredRedis> {
  const redis = await startRedis();
  return {
    env: { REDIS_URL: redis.url },
    faults: { ...faultsOf([redis]), restart: () => redis.restart() },
    stop: () => redis.stop(),
  };
}

async function hammeredSentinels(replicas: number): Promise<HammeredRedis> {
  const sentinels = await startSentinels(undefined, replicas);
  return {
    env: {
      REDIS_MODE: 'sentinel',
      REDIS_NODES: sentinels.addresses,
      REDIS_SENTINEL_NAME: sentinels.name,
    },
    faults: { ...faultsOf(sentinels.servers), failover: () => sentinels.failOver() },
    stop: () => sentinels.stop(),
  };
}

async function hammeredCluster(replicas: number): Promise<HammeredRedis> {
  const cluster = await startCluster({ replicas });
  const { nodes } = cluster;
  const rolesOf = (): Promise<string[]> =>
    Promise.all(nodes.map((node) => node.query('info', 'replication')));
  const isWhole = async (): Promise<boolean> => {
    const [roles, states] = await Promise.all([
      rolesOf(),
      Promise.all(nodes.map((node) => node.cli('cluster', 'info'))),
    ]);
    return (
      states.every((text) => text.includes('cluster_state:ok')) &&
      roles.filter((text) => text.includes('master_link_status:up')).length === MASTERS * replicas
    );
  };
  const oneWith = async (role: string): Promise<RedisServer> => {
    const roles = await rolesOf();
    return oneOf(nodes.filter((_node, index) => roles[index]!.includes(`role:${role}`)));
  };
  return {
    env: { REDIS_MODE: 'cluster', REDIS_NODES: cluster.addresses },
    faults: {
      ...faultsOf(nodes),
      failover: async () => {
        await (await oneWith('slave')).cli('cluster', 'failover');
        await waitFor('the Cluster to be whole', isWhole);
      },
      'master killed': async () => {
        const master = await oneWith('master');
        await master.kill();
        await sleep(DEAD_MS);
        await master.restart();
        await waitFor('the Cluster to be whole', isWhole);
      },
    },
    stop: () => cluster.stop(),
  };
}

function faultsOf(servers: readonly RedisServer[]): HammeredRedis['faults'] {
  const onAll = (...command: string[]) =>
    // A connection that is closed may be that of the command itself.
    Promise.all(servers.map((server) => server.cli(...command).catch(() => {})));
  return {
    'subscriptions cut': () => onAll('client', 'kill', 'type', 'pubsub'),
    'connections cut': () => onAll('client', 'kill', 'type', 'normal'),
    stopped: async () => {
      const server = oneOf(servers);
      server.signal('SIGSTOP');
      await sleep(STOPPED_MS);
      server.signal('SIGCONT');
    },
  };
}
