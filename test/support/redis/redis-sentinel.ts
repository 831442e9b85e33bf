import { waitFor } from '../wait-for.ts';
import { startRedis, type RedisServer } from './redis-server.ts';

const NAME = 'main';

export interface RedisSentinels {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** As REDIS_NODES takes it. */
  readonly addresses: string;
  /** As REDIS_SENTINEL_NAME takes it. */
  readonly name: string;
  stop(): Promise<void>;
}

/** A master with a replica, watched by three Sentinels. */
export async function startSentinels(): Promise<RedisSentinels> {
  const master = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const sentinelConfig = `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 2
sentinel down-after-milliseconds ${NAME} 1000
sentinel failover-timeout ${NAME} 4000
`;
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ sentinelConfig })));
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
