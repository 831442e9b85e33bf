import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { JwksState } from './jwks.ts';
import type { IssuerSettings, JwksSettings } from './trusted-issuers.ts';

/**
 * Reports unusable key sets to log and health: once when a set fails, and once when it recovers. The component is
 * named after the issuer, because a reload can add issuers. A set that is not in use any more has no fault.
 */
export function reportJwks({
  log,
  health,
}: {
  log: Log;
  health: Health;
}): Pick<JwksSettings, 'onFetched' | 'onReplaced'> {
  return {
    onFetched(settings, state) {
      const component = componentOf(settings);
      const problem = problemOf(state);
      if (problem === undefined) {
        if (health.recover(component)) log.info({ component, keys: state.keys }, 'key set recovered');
      } else if (health.fail(component, problem)) {
        log.warn({ component, fault: problem, keys: state.keys }, 'key set unavailable or incomplete');
      }
    },
    onReplaced: (settings) => void health.recover(componentOf(settings)),
  };
}

function componentOf({ issuer }: IssuerSettings): string {
  return issuer === undefined ? 'jwks' : `jwks of ${issuer}`;
}

function problemOf(state: JwksState): string | undefined {
  if (!state.ok) {
    return state.keys > 0
      ? `${state.reason}: the key set cannot be fetched; known keys remain in use`
      : `${state.reason}: the key set cannot be fetched, and no key is known: check JWT_JWKS_URI`;
  }
  return state.keys > 0 ? undefined : 'the key set contains no usable key';
}
