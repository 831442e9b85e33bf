export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How to reach Redis, as the configuration says it. */
export interface RedisSettings {
  readonly mode: 'standalone' | 'cluster' | 'sentinel';
  /** The server itself; any nodes of the Cluster to begin with; or the Sentinels. */
  readonly nodes: readonly RedisAddress[];
  readonly sentinelName: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** The most milliseconds that a request waits for Redis. */
  readonly timeoutMs: number;
  /** Configured host names. A certificate for one of them is good for every server. */
  readonly certificateNames: readonly string[];
}
