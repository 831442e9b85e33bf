import { runNode, type Environment, type StartOptions } from './child.ts';
import { programEnv } from './world.ts';
import type { Issuer } from './issuer.ts';
import { newSecret } from './tokens.ts';

export interface Finding {
  readonly check: string;
  readonly status: 'passed' | 'warned' | 'failed';
  readonly detail: string;
  readonly advice?: string;
}

export interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  /** Returns the finding of a check. @throws Error if there is not exactly one. */
  readonly of: (check: string) => Finding;
  /** Status of each check that did not pass. */
  readonly wrong: Readonly<Record<string, string>>;
  readonly output: string;
}

const SECRET = /^(JWT_SECRET|ZYNTRO_API_KEY|ZYNTRO_DEVELOPER_SECRET|REDIS_PASSWORD|ADMIN_TOKEN)$/;

/** Runs the doctor against this upstream, with the settings of a program. */
export async function runDoctor(upstreamUrl: string, env: Environment = {}): Promise<Diagnosis> {
  const { code, stdout } = await runDoctorAs(['--json'], upstreamUrl, env);
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Finding[] };
  if (ok !== (code === 0)) throw new Error(`ended with ${code} and says ok: ${ok}`);
  return {
    code,
    findings: checks,
    output: stdout,
    wrong: Object.fromEntries(
      checks.filter(({ status }) => status !== 'passed').map(({ check, status }) => [check, status]),
    ),
    of(check) {
      const found = checks.filter((finding) => finding.check === check);
      if (found.length !== 1) throw new Error(`${found.length} findings of ${check} in ${stdout}`);
      return found[0]!;
    },
  };
}

/** Runs the doctor with these arguments. @throws Error if its output contains a secret of its settings. */
export async function runDoctorAs(
  args: readonly string[],
  upstreamUrl: string,
  env: Environment = {},
  options: StartOptions = {},
) {
  const settings = {
    NODE_ENV: 'production',
    ...programEnv({ url: upstreamUrl }, newSecret()),
    // The doctor warns if the egress address is not fixed.
    ...(env['EGRESS_PROXY_URL'] === undefined && { EGRESS_LOCAL_ADDRESS: '127.0.0.1' }),
    ...env,
  };
  const result = await runNode('src/cli/doctor.ts', settings, { ...options, args });
  for (const secret of secretsOf(settings)) {
    if (`${result.stdout}${result.stderr}`.includes(secret))
      throw new Error(`a secret was printed: ${secret}`);
  }
  return result;
}

/** Returns the secrets of more than 7 characters. Shorter ones also occur in ordinary text. */
function secretsOf(env: Environment): string[] {
  const values = Object.entries(env).flatMap(([name, value]) => {
    if (SECRET.test(name)) return [value];
    if (name === 'ZYNTRO_CREDENTIALS')
      return [...value.matchAll(/"(?:apiKey|developerSecret)":"([^"]+)"/g)].map(([, one]) => one!);
    return /^\w+:\/\/[^/]*:([^/@]+)@/.exec(value)?.slice(1) ?? [];
  });
  return values.filter((value) => value.length > 7);
}

/** Returns settings that verify tokens with the published keys instead of a secret. */
export const withJwks = ({ jwksUri }: Pick<Issuer, 'jwksUri'>) => ({ JWT_SECRET: '', JWT_JWKS_URI: jwksUri });
