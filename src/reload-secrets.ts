import type { Environment } from './config/environment.ts';
import { ConfigError } from './config/config-issues.ts';
import { loadConfig, type Config } from './config/load-config.ts';
import type { Replacement } from './replacement.ts';
import { describeError, type Log } from './telemetry/log.ts';

const REJECTED = 'secret reload failed, keeping previous values';

/**
 * Creates the handler of SIGHUP: reads secret files again, through the checks of the start. A reload replaces
 * every secret or none, and never throws.
 *
 * @param prepare builds everything that the new configuration changes, without putting it to use.
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
