import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { HANG_MS, waitFor } from '../wait-for.ts';
import type { Certificates } from '../certificates.ts';
import { countConfirming, startRedis, type RedisServer } from './redis-server.ts';

const run = promisify(execFile);
const MASTERS = 3;

export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  /** Value for REDIS_NODES. */
  readonly addresses: string;
  /** Returns the master that holds a key. */
  masterOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

export interface RedisClusterOptions {
  /** Makes the Cluster accept only TLS connections. */
  readonly certificates?: Certificates;
  /** Additional arguments for every node. */
  readonly args?: readonly string[];
  /** The number of replicas of each master. */
  readonly replicas?: number;
}

/** Starts a Cluster of three masters, by default with one replica each. */
export async function startCluster({
  certificates,
  args: more = [],
  replicas = 1,
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...more];
  const tls = ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
  const cliArgs = certificates ? ['--tls', '--insecure'] : [];
  const nodes = await Promise.all(
    Array.from({ length: MASTERS * (1 + replicas) }, () =>
      startRedis({
        args: (port) => [
          ...args,
          '--cluster-config-file',
          'nodes.conf',
          ...(certificates ? [...certificates.serverArgs(port), ...tls] : []),
        ],
        cliArgs,
      }),
    ),
  );
  const addresses = nodes.map((node) => `127.0.0.1:${node.port}`);
  await run(
    'redis-cli',
    [
      ...cliArgs,
      '--cluster',
      'create',
      ...addresses,
      '--cluster-replicas',
      String(replicas),
      '--cluster-yes',
    ],
    { timeout: HANG_MS },
  );
  await waitFor('the cluster to form', async () => {
    const states = await Promise.all(nodes.map((node) => node.cli('cluster', 'info')));
    const links = await Promise.all(nodes.map((node) => node.cli('info', 'replication')));
    const linked = links.filter((text) => /master_link_status:up/.test(text)).length;
    return states.every((text) => text.includes('cluster_state:ok')) && linked === MASTERS * replicas;
  });
  const masters = nodes.slice(0, MASTERS);
  // Nothing can be confirmed before something has been written.
  await Promise.all(masters.map((node) => node.cli('flushall')));
  await waitFor('the replicas to confirm', async () => {
    const links = await Promise.all(masters.map((node) => node.cli('info', 'replication')));
    return links.every((text) => countConfirming(text) === replicas);
  });
  return {
    nodes,
    addresses: addresses.join(','),
    async masterOf(key) {
      const slot = Number(await nodes[0]!.cli('cluster', 'keyslot', key));
      const alive = await Promise.any(nodes.map((node) => node.cli('cluster', 'nodes')));
      const line = alive
        .split('\n')
        .find((text) => text.includes('master') && !text.includes('fail') && servesSlot(text, slot));
      const port = Number(/127\.0\.0\.1:(\d+)@/.exec(line ?? '')?.[1]);
      return nodes.find((node) => node.port === port)!;
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

function servesSlot(line: string, slot: number): boolean {
  return line
    .split(' ')
    .slice(8)
    .some((range) => {
      const [from, to = from] = range.split('-').map(Number);
      return from! <= slot && slot <= to!;
    });
}
