import { HANG_MS, waitFor } from '../wait-for.ts';
import type { Certificates } from '../certificates.ts';
import { countConfirming, startRedis, type RedisServer } from './redis-server.ts';

const NAME = 'main';
/** Redis waits 5 s for further replicas by default before it begins to send its data. */
const SYNC_AT_ONCE = ['--repl-diskless-sync-delay', '0'];

export interface RedisSentinels {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** The master and its replicas. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** Value for REDIS_NODES. */
  readonly addresses: string;
  /** Value for REDIS_SENTINEL_NAME. */
  readonly name: string;
  /**
   * Starts a failover with SENTINEL FAILOVER when all replicas are in sync. Resolves when the Sentinels name the
   * new master.
   */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a master, its replicas and three Sentinels. With `certificates`, all accept only TLS connections. */
export async function startSentinels(certificates?: Certificates, replicaCount = 1): Promise<RedisSentinels> {
  const options = (...more: string[]) => ({
    args: (port: number) =>
      certificates ? [...more, ...certificates.serverArgs(port), '--tls-replication', 'yes'] : more,
    cliArgs: certificates ? ['--tls', '--insecure'] : [],
  });
  const master = await startRedis(options(...SYNC_AT_ONCE));
  const replicas = await Promise.all(
    Array.from({ length: replicaCount }, () =>
      startRedis(options(...SYNC_AT_ONCE, '--replicaof', '127.0.0.1', String(master.port))),
    ),
  );
  const sentinelConfig = `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 2
sentinel down-after-milliseconds ${NAME} 1000
sentinel failover-timeout ${NAME} 4000
`;
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ ...options(), sentinelConfig })));
  await waitFor('the Sentinels to know each other', async () => {
    const links = await master.query('info', 'replication');
    const infos = await Promise.all(sentinels.map((one) => one.cli('info', 'sentinel')));
    return (
      countConfirming(links) === replicaCount &&
      infos.every((text) => text.includes(`slaves=${replicaCount},sentinels=3`))
    );
  });
  const masterAddresses = () =>
    Promise.all(sentinels.map((one) => one.cli('sentinel', 'get-master-addr-by-name', NAME)));
  return {
    master,
    replica: replicas[0]!,
    servers: [master, ...replicas],
    sentinels,
    addresses: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
    name: NAME,
    failOver: async () => {
      let before = '';
      // Sentinels make the old master a replica after four publish periods of 2 s by default, and learn its state
      // every 10 s.
      const periods = ['publish-period', '500', 'info-period', '500'];
      await Promise.all(sentinels.map((one) => one.cli('sentinel', 'debug', ...periods)));
      // On a busy machine, Sentinels pause for 30 s at a time (TILT).
      await waitFor(
        'the replicas to be in sync',
        async () => {
          // Each time, because a Sentinel may name the master before an earlier failover at first.
          [before = ''] = await masterAddresses();
          const current = [master, ...replicas].find(({ port }) => before.endsWith(String(port)))!;
          const text = await current.query('info', 'replication');
          return countConfirming(text) === replicaCount;
        },
        5 * HANG_MS,
      );
      await waitFor('the new master', async () => {
        const addresses = await masterAddresses();
        // A Sentinel refuses while a failover is in progress, and gives up if it finds no good replica.
        if (addresses[0] === before)
          await sentinels[0]!.cli('sentinel', 'failover', NAME).catch(() => false as const);
        return addresses.every((address) => address !== before);
      });
    },
    stop: async () => {
      await Promise.all([...sentinels, ...replicas, master].map((server) => server.stop()));
    },
  };
}
