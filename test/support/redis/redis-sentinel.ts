import { waitFor } from '../wait-for.ts';
import type { Certificates } from '../certificates.ts';
import { startRedis, type RedisServer } from './redis-server.ts';

const NAME = 'main';

export interface RedisSentinels {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Value for REDIS_NODES. */
  readonly addresses: string;
  /** Value for REDIS_SENTINEL_NAME. */
  readonly name: string;
  stop(): Promise<void>;
}

/** Starts a master, a replica and three Sentinels. With `certificates`, all accept only TLS connections. */
export async function startSentinels(certificates?: Certificates): Promise<RedisSentinels> {
  const options = (...more: string[]) => ({
    args: (port: number) =>
      certificates ? [...more, ...certificates.serverArgs(port), '--tls-replication', 'yes'] : more,
    cliArgs: certificates ? ['--tls', '--insecure'] : [],
  });
  const master = await startRedis(options());
  const replica = await startRedis(options('--replicaof', '127.0.0.1', String(master.port)));
  const sentinelConfig = `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 2
sentinel down-after-milliseconds ${NAME} 1000
sentinel failover-timeout ${NAME} 4000
`;
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ ...options(), sentinelConfig })));
  await waitFor('the Sentinels to know each other', async () => {
    const linked = (await replica.cli('info', 'replication')).includes('master_link_status:up');
    const infos = await Promise.all(sentinels.map((one) => one.cli('info', 'sentinel')));
    return linked && infos.every((text) => /slaves=1,sentinels=3/.test(text));
  });
  return {
    master,
    replica,
    addresses: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
    name: NAME,
    stop: async () => {
      await Promise.all([...sentinels, replica, master].map((server) => server.stop()));
    },
  };
}
