import type { Replacement } from '../lib/replacement.ts';
import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import { diagnose } from './redis-diagnosis.ts';
import type { RedisSettings } from './redis-settings.ts';
import type { ReplaceableRedis } from './replaceable-client.ts';

const COMPONENT = 'redis:credentials';

/**
 * Creates a function that prepares new credentials for all connections to Redis. They are used when Redis
 * accepts them, so a file may change before Redis does. Other settings take effect at the next start: processes
 * that reload at different times would use different servers, and miss each other's invalidations.
 */
export function credentialReloader(
  settings: RedisSettings,
  options: { readonly client: ReplaceableRedis; readonly log: Log; readonly health: Health },
): (next: RedisSettings | undefined) => Replacement {
  const { client, log, health } = options;
  let wanted = settings;
  let inUse = settings;

  function apply(next: RedisSettings): void {
    health.recover(COMPONENT);
    if (!isSame(withoutCredentials(next), withoutCredentials(settings)))
      return log.warn('changed redis address or tls settings apply at the next start');
    if (isSame(next, wanted)) return undefined;
    wanted = next;
    if (isSame(next, inUse)) return client.cancelReplacement();
    client.replace(next, {
      onReplaced() {
        inUse = next;
        health.recover(COMPONENT);
        log.info({ component: COMPONENT }, 'new redis credentials in use');
      },
      onFailed(error) {
        const { code, advice } = diagnose(error, undefined);
        const isNew = health.fail(COMPONENT, `${code}: the new credentials do not work yet: ${advice}`);
        if (isNew) log.error({ component: COMPONENT, code, advice }, 'new redis credentials not usable');
      },
    });
  }

  return (next) => ({
    commit: () => {
      if (next) apply(next);
    },
    discard() {},
  });
}

function withoutCredentials(settings: RedisSettings): RedisSettings {
  return { ...settings, username: undefined, password: undefined, sentinelPassword: undefined };
}

function isSame(one: RedisSettings, other: RedisSettings): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
