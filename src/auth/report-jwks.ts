import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import type { JwksState } from './jwks.ts';
import type { IssuerSettings } from './trusted-issuers.ts';

/** Reports unusable key sets to log and health: once when a set fails, and once when it recovers. */
export function reportJwks(
  issuers: readonly IssuerSettings[],
  { log, health }: { log: Log; health: Health },
) {
  const several = issuers.filter(({ jwks }) => jwks).length > 1;
  return function report({ issuer }: IssuerSettings, state: JwksState): void {
    const component = several ? `jwks of ${issuer}` : 'jwks';
    const problem = problemOf(state);
    if (problem === undefined) {
      if (health.recover(component)) log.info({ component, keys: state.keys }, 'key set recovered');
    } else if (health.fail(component, problem)) {
      log.warn({ component, fault: problem, keys: state.keys }, 'key set unavailable or incomplete');
    }
  };
}

function problemOf(state: JwksState): string | undefined {
  if (!state.ok) {
    return state.keys > 0
      ? `${state.reason}: the key set cannot be fetched; known keys remain in use`
      : `${state.reason}: the key set cannot be fetched, and no key is known: check JWT_JWKS_URI`;
  }
  return state.keys > 0 ? undefined : 'the key set contains no usable key';
}
