import type { Environment } from '../config/environment.ts';
import { ConfigError } from '../config/config-issues.ts';
import { loadConfig, type Config } from '../config/index.ts';
import type { Replacement } from '../lib/replacement.ts';
import { describeError, type Log } from '../telemetry/log.ts';

const REJECTED = 'secret reload failed, keeping previous values';

/**
 * Creates the handler of SIGHUP. It reads the secret files again with the same checks as at startup, replaces
 * all secrets or none, and never throws.
 *
 * @param prepare builds all values that the new configuration changes, without using them yet.
 */
export function secretReloader(
  env: Environment,
  prepare: (config: Config) => Replacement,
  log: Log,
): () => void {
  return function reloadSecrets() {
    try {
      prepare(loadConfig(env)).commit();
    } catch (error) {
      if (error instanceof ConfigError) {
        log.error({ variables: error.variables, issues: error.issues }, REJECTED);
      } else {
        log.error({ error: describeError(error) }, REJECTED);
      }
      return;
    }
    log.info('secrets reloaded');
  };
}
