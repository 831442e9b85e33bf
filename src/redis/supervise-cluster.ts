import type { Cluster, Redis } from 'ioredis';

/** The interval at which the owners of the slots are read again. */
const REFRESH_MS = 5000;
/** More than one, since a pause of this process, or a busy machine, can make one fail. */
const FAILED_REFRESHES = 3;

/**
 * Keeps a Cluster usable where ioredis would not: reads the owners of its slots again and again, and returns to
 * the addresses in the settings when no known node responds. ioredis does so only if no node is left, and a node
 * that was never used does not leave.
 */
export function superviseCluster(cluster: Cluster): void {
  let isRefreshing = false;
  let failed = 0;
  const timer = setInterval(() => {
    if (isRefreshing || cluster.status !== 'ready') return;
    isRefreshing = true;
    cluster.refreshSlotsCache((error) => {
      isRefreshing = false;
      failed = error ? failed + 1 : 0;
      if (failed < FAILED_REFRESHES || cluster.status !== 'ready') return;
      failed = 0;
      cluster.disconnect(true);
    });
  }, REFRESH_MS).unref();
  cluster.once('end', () => clearInterval(timer));
  cluster.on('+node', handleAsking);
}

/**
 * Handles the rejection of ASKING, which ioredis sends before a command of a slot that moves, and which would end
 * the program. The command fails by itself then.
 */
function handleAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const reply = asking();
    reply.catch(() => {});
    return reply;
  };
}
