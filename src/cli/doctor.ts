import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { brandWarnings } from '../config/brand-warnings.ts';
import { egressWarnings } from '../config/egress-warnings.ts';
import { processEnvironment, type Environment } from '../config/environment.ts';
import { ConfigError } from '../config/config-issues.ts';
import type { Config } from '../config/index.ts';
import { loadStartConfig } from '../config/start-config.ts';
import { installResolver } from '../dns/install.ts';
import { exitAtOnce } from '../process/exit.ts';
import { unknownVariables, type ConfigWarning } from '../config/unknown-variables.ts';
import { checkJwks } from './doctor/check-jwks.ts';
import { checkRedis } from './doctor/check-redis.ts';
import { checkUpstream } from './doctor/check-upstream.ts';
import { checkClock, type ClockReading } from './doctor/clock.ts';
import { failed, inTime, passed, warned, type Finding } from './doctor/finding.ts';
import { loadOnboardConfig, onboard } from './doctor/onboard.ts';
import { asJson, asText } from './doctor/report.ts';
import { watchHttp } from './doctor/watch-http.ts';

const USAGE = `Usage: npm run --silent doctor -- [--json | --onboard]

Checks the configuration of \`npm start\`, and the services that it names: Redis, the key sets, the clock, and
the upstream, with the configured credentials from the configured egress address.

  --json     prints the results as JSON
  --onboard  prints the organizations, members and brands of ZYNTRO_DEVELOPER_SECRET as lines for .env, and
             checks nothing else. It does not need ZYNTRO_API_KEY, and does not print it.

Exit codes: 0 if no check failed (there may be warnings), 1 if a check failed, 64 if an argument is wrong, 78 if the
configuration is invalid.
`;

const EX_USAGE = 64;
const EX_CONFIG = 78;
/** A last resort: each check has its own, shorter timeouts. */
const CHECK_MS = 45_000;

function parse(): { json: boolean; isOnboarding: boolean } {
  try {
    const { values } = parseArgs({
      options: { json: { type: 'boolean' }, onboard: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (values.json && values.onboard) throw new Error('--json and --onboard cannot be combined');
    return { json: values.json ?? false, isOnboarding: values.onboard ?? false };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(EX_USAGE);
  }
}

function checkNode(): Finding {
  const needed = manifest.engines.node.replace('>=', '');
  const { node } = process.versions;
  const isEnough = node.localeCompare(needed, 'en', { numeric: true }) >= 0;
  if (isEnough) return passed('Node', node);
  const advice = `use ${needed} or newer; npm ci installs a version for the npm scripts`;
  return failed('Node', `${node} is too old`, advice);
}

const NOT_RUN = warned(
  'other checks',
  'were not run: they require a valid configuration',
  'fix the configuration, and run the doctor again',
);

async function readConfig<Loaded>(
  load: (env: Environment) => Loaded | Promise<Loaded>,
): Promise<{ env: Environment; config: Loaded } | { findings: Finding[] }> {
  try {
    const env = processEnvironment();
    return { env, config: await load(env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { findings: error.issues.map((detail) => ({ check: 'configuration', status: 'failed', detail })) };
  }
}

const asFinding = (check: string) => (one: ConfigWarning) =>
  warned(check, `${one.variable}: ${one.message}`, one.advice);

/** Warns about settings that probably do not have the intended effect. */
async function checkSettings(env: Environment, config: Config): Promise<Finding[]> {
  return [
    ...unknownVariables(env).map(asFinding('variables')),
    ...brandWarnings(config).map(asFinding('variables')),
    ...(await egressWarnings(config)).map(asFinding('egress')),
  ];
}

async function checkSurroundings(config: Config): Promise<Finding[]> {
  installResolver();
  const watch = watchHttp(Date.now);
  const readings: ClockReading[] = [];
  const all = await Promise.all([
    inTime('Redis', CHECK_MS, async (signal) => {
      if (!config.redis) return [passed('Redis', 'not configured: the cache is in memory')];
      const { findings, clock } = await checkRedis(config.redis, { now: Date.now, signal });
      if (clock) readings.push(clock);
      return [...findings];
    }),
    inTime('JWKS', CHECK_MS, (signal) => checkJwks(config.auth, signal)),
    inTime('upstream', CHECK_MS, (signal) => checkUpstream(config, watch, signal)),
  ]);
  const origins = [config.upstream.baseUrl, ...config.auth.issuers.flatMap(({ jwks }) => jwks?.uri ?? [])];
  for (const origin of new Set(origins.map((url) => url.origin))) {
    const clock = watch.clockOf(origin);
    if (clock) readings.push(clock);
  }
  watch.close();
  return [...all.flat(), ...checkClock(readings, config.auth.clockToleranceS)];
}

/** Exits when the output is written, even if a connection is still open. */
function end(text: string, code: number, output: NodeJS.WriteStream = process.stdout): void {
  output.write(text, () => exitAtOnce(code));
}

async function diagnose(print: typeof asText): Promise<void> {
  const read = await readConfig(loadStartConfig);
  if ('findings' in read) return end(print([checkNode(), ...read.findings, NOT_RUN]), EX_CONFIG);
  const findings = [
    passed('configuration', 'is valid'),
    checkNode(),
    ...(await checkSettings(read.env, read.config)),
    ...(await checkSurroundings(read.config)),
  ];
  end(print(findings), findings.some(({ status }) => status === 'failed') ? 1 : 0);
}

/** Prints only lines for `.env` to stdout, so that it can be appended to that file. */
async function printIdentifiers(): Promise<void> {
  const read = await readConfig(loadOnboardConfig);
  if ('findings' in read) return end(asText(read.findings), EX_CONFIG, process.stderr);
  const result = await onboard(read.config);
  if ('findings' in result) return end(asText(result.findings), 1, process.stderr);
  end(result.lines, 0);
}

const { json, isOnboarding } = parse();
await (isOnboarding ? printIdentifiers() : diagnose(json ? asJson : asText));
