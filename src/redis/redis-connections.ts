import { Cluster, Redis } from 'ioredis';
import { sentinelConnector, serverConnector, serverName, tlsOptions } from './redis-connector.ts';
import type { RedisAddress, RedisSettings } from './redis-settings.ts';
import { superviseCluster } from './supervise-cluster.ts';

const CONNECT_TIMEOUT_MS = 1000;
const SENTINEL_MS = 500;
/** A connection without a reply for this long is considered dead and replaced. */
const SOCKET_TIMEOUT_MS = 3000;
/**
 * The minimum interval between reconnects after READONLY. Sentinels are queried again for the master; a fixed
 * address may lead to another server after this time.
 */
const READONLY_RECONNECT_MS = { sentinel: 1000, cluster: 1000, standalone: 30_000 };

/**
 * Creates a connection, or the connections to a Cluster's nodes, without connecting.
 *
 * @param onError invoked with the errors of all connections, including those that ioredis opens internally.
 */
export function createConnection(settings: RedisSettings, onError?: (error: Error) => void): Redis | Cluster {
  return settings.mode === 'cluster'
    ? createCluster(settings, onError)
    : createServerConnection(settings, onError);
}

/** Creates a connection to one Sentinel, and connects. Its commands fail within a second. */
export function createSentinel(settings: RedisSettings, { host, port }: RedisAddress): Redis {
  return new Redis({
    host,
    port,
    ...(settings.sentinelPassword !== undefined && { password: settings.sentinelPassword }),
    ...(settings.tls && { tls: { ...tlsOptions(settings.certificateNames), ...serverName(host) } }),
    Connector: serverConnector(),
    connectTimeout: SENTINEL_MS,
    commandTimeout: SENTINEL_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    enableReadyCheck: false,
    disableClientInfo: true,
    replyMapping: 'legacy',
  });
}

/**
 * The options of a connection. ioredis's defaults queue a command for over a minute while Redis is down; these
 * options make it fail immediately.
 */
function connectionOptions(settings: RedisSettings) {
  return {
    ...(settings.username !== undefined && { username: settings.username }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...(settings.tls && { tls: tlsOptions(settings.certificateNames) }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    // ioredis does not handle the rejection of its own SUBSCRIBE when the connection breaks again during it, which
    // would end the program. The client subscribes by itself whenever it is ready.
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    reconnectOnError: reconnectAfterFailover(READONLY_RECONNECT_MS[settings.mode]),
    connectionName: 'zyntro-bff',
    // CLIENT SETINFO would need an additional permission.
    disableClientInfo: true,
  };
}

/** The reply, also as Redis before version 7 quotes it for a command of a script. */
const READONLY = /^READONLY\b|: -READONLY /;

/**
 * Reconnects after READONLY: a master that became a replica responds with it, and only a new connection can
 * reach the new master.
 */
function reconnectAfterFailover(atMostEveryMs: number): (error: Error) => boolean {
  let last = -Infinity;
  return (error) => {
    if (!READONLY.test(error.message) || performance.now() - last < atMostEveryMs) return false;
    last = performance.now();
    return true;
  };
}

function retryDelayMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 5), 1000) * (0.75 + Math.random() / 2);
}

/** Creates the connection to a single server, or to the master that the Sentinels name. */
function createServerConnection(settings: RedisSettings, onError?: (error: Error) => void): Redis {
  const options = {
    ...connectionOptions(settings),
    db: settings.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryDelayMs,
  };
  if (settings.mode === 'standalone')
    return new Redis({ ...options, ...settings.nodes[0], Connector: serverConnector(onError) });
  return new Redis({
    ...options,
    sentinels: settings.nodes.map((node) => ({ ...node })),
    name: settings.sentinelName!,
    ...(settings.sentinelPassword !== undefined && { sentinelPassword: settings.sentinelPassword }),
    ...(settings.tls && {
      sentinelTLS: tlsOptions(settings.certificateNames),
      enableTLSForSentinelMode: true,
      natMap: withServerName,
    }),
    Connector: sentinelConnector(onError),
    failoverDetector: true,
    sentinelRetryStrategy: retryDelayMs,
    // A Sentinel that accepts connections and does not respond would be waited for without a limit.
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    // ioredis's default is a minute, in which no failover would be noticed.
    sentinelReconnectStrategy: retryDelayMs,
  });
}

/**
 * Adds the server name to the master's address from Sentinels; ioredis passes the result to `tls.connect`
 * unchanged.
 */
function withServerName(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at);
  return { host, port: Number(address.slice(at + 1)), ...serverName(host) };
}

function createCluster(settings: RedisSettings, onError?: (error: Error) => void): Cluster {
  const cluster = new Cluster(
    settings.nodes.map((node) => ({ ...node })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      // Seeds keep their host names, because certificates are checked against them; the connection resolves
      // them.
      dnsLookup: (host, callback) => callback(null, host),
      clusterRetryStrategy: retryDelayMs,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      // `superviseCluster` does that.
      slotsRefreshInterval: 0,
      maxRedirections: 4,
      retryDelayOnFailover: 50,
      retryDelayOnClusterDown: 50,
      redisOptions: { ...connectionOptions(settings), Connector: serverConnector(onError) },
    },
  );
  superviseCluster(cluster);
  return cluster;
}
