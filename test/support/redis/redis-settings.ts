import type { RedisSettings } from '../../../src/redis/redis-settings.ts';

type Servers = Pick<RedisSettings, 'mode' | 'nodes'>;

/** Returns the settings of a client without credentials and TLS, with a time limit that a busy machine does not reach. */
export function redisSettings(servers: Servers, more: Partial<RedisSettings> = {}): RedisSettings {
  return {
    sentinelName: undefined,
    username: undefined,
    password: undefined,
    sentinelPassword: undefined,
    timeoutMs: 10_000,
    db: 0,
    tls: false,
    certificateNames: [],
    ...servers,
    ...more,
  };
}
