import { bindError } from './bind-error.ts';
import { ConfigIssues } from './config-issues.ts';
import { readVariables, type Environment } from './environment.ts';
import { loadConfig, type Config } from './index.ts';
import { serverSlice } from './server.ts';

/** The codes of a host that this machine does not have. Other errors can pass, so the start itself decides. */
const NOT_HERE: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENOTFOUND']);

/**
 * Loads the configuration for a start. Unlike a reload, checks whether this machine can listen on the hosts.
 *
 * @throws ConfigError with all issues.
 */
export async function loadStartConfig(env: Environment): Promise<Config> {
  const issues = new ConfigIssues();
  // The issues of these variables are those of `loadConfig` as well.
  const { HOST, ADMIN_HOST } = readVariables(serverSlice.variables, env, new ConfigIssues());
  await Promise.all([checkHost('HOST', HOST, issues), checkHost('ADMIN_HOST', ADMIN_HOST, issues)]);
  return loadConfig(env, issues);
}

async function checkHost(name: string, host: string | undefined, issues: ConfigIssues): Promise<void> {
  if (host !== undefined && NOT_HERE.has((await bindError(host)) ?? ''))
    issues.add(
      name,
      'is not an address of this machine: set an address that "ip addr" lists, or remove the variable',
    );
}
