import { resolveSecretFiles, type Environment } from './environment.ts';
import { ConfigError, Faults } from './faults.ts';
import { loadConfig, type Config } from './load-config.ts';
import { SECRET_VARIABLES } from './variables.ts';

export interface Reloaded {
  /** Undefined where nothing could be taken over. */
  readonly config: Config | undefined;
  /** What is wrong with the new secrets, by the name of the variable. */
  readonly faults: readonly string[];
}

/**
 * Reads secret files again, through the same checks as at start. Where something is wrong the old secrets
 * stay: those of the variable, and those that belong with it, since half of a new pair is of no use.
 */
export function secretReloader(env: Environment): () => Reloaded {
  let inUse = resolveSecretFiles(env, new Faults());

  return function reloadSecrets() {
    const faults = new Faults();
    const found = resolveSecretFiles(env, faults);
    const unread = new Set(faults.found.map(groupOfFault));
    // That a secret is missing says nothing beside why it could not be read.
    const broken = faultsOf(found).filter((fault) => !unread.has(groupOfFault(fault)));
    const wrong = [...faults.found, ...broken];
    const groups = new Set(wrong.map(groupOfFault));
    const mixed: Record<string, string | undefined> = { ...found };
    for (const name of SECRET_VARIABLES) if (groups.has(groupOf(name))) mixed[name] = inUse[name];
    if (faultsOf(mixed).length > 0) return { config: undefined, faults: wrong };
    inUse = mixed;
    return { config: loadConfig(mixed), faults: wrong };
  };
}

function faultsOf(env: Environment): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** Variables whose secrets change together: the upstream's, and the tokens'. Each other stands alone. */
function groupOf(name: string): string {
  return /^(ZYNTRO|JWT)_/.exec(name)?.[1] ?? name;
}

function groupOfFault(fault: string): string {
  return groupOf(fault.split(':', 1)[0]!.replace(/_FILE$/, ''));
}
