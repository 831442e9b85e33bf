export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** The connection settings of Redis. */
export interface RedisSettings {
  readonly mode: 'standalone' | 'cluster' | 'sentinel';
  /** The server, the seed nodes of the Cluster, or the Sentinels. */
  readonly nodes: readonly RedisAddress[];
  readonly sentinelName: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** Maximum milliseconds that a request waits for Redis. */
  readonly timeoutMs: number;
  /** The configured host names. A certificate for one of them is accepted from every server. */
  readonly certificateNames: readonly string[];
}
