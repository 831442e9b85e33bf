import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { egressWarnings } from '../config/egress-warnings.ts';
import { processEnvironment, type Environment } from '../config/environment.ts';
import { ConfigError } from '../config/config-issues.ts';
import type { Config } from '../config/index.ts';
import { loadStartConfig } from '../config/start-config.ts';
import { installResolver } from '../dns/install.ts';
import { unknownVariables, type ConfigWarning } from '../config/unknown-variables.ts';
import { checkJwks } from './doctor/check-jwks.ts';
import { checkRedis } from './doctor/check-redis.ts';
import { checkUpstream } from './doctor/check-upstream.ts';
import { checkClock, type ClockReading } from './doctor/clock.ts';
import { failed, inTime, passed, warned, type Finding } from './doctor/finding.ts';
import { asJson, asText } from './doctor/report.ts';
import { watchHttp } from './doctor/watch-http.ts';

const USAGE = `Usage: npm run --silent doctor -- [--json]

Checks the configuration of \`npm start\`, and the services that it names: Redis, the key sets, the clock, and
the upstream, with the configured credentials from the configured egress address.

Exit codes: 0 if no check failed (there may be warnings), 1 if a check failed, 78 if the configuration is invalid.
`;

const EX_USAGE = 64;
const EX_CONFIG = 78;
/** A last resort: each check has its own, shorter timeouts. */
const CHECK_MS = 45_000;

function parse(): { json: boolean } {
  try {
    const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' } } });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return { json: values.json ?? false };
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

async function readConfig(): Promise<{ env: Environment; config: Config } | { findings: Finding[] }> {
  try {
    const env = processEnvironment();
    return { env, config: await loadStartConfig(env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'fix it and run the doctor again: the other checks require a valid configuration';
    return { findings: error.issues.map((issue) => failed('configuration', issue, advice)) };
  }
}

const asFinding = (check: string) => (one: ConfigWarning) =>
  warned(check, `${one.variable}: ${one.message}`, one.advice);

/** Warns about settings that probably do not have the intended effect. */
async function checkSettings(env: Environment, config: Config): Promise<Finding[]> {
  return [
    ...unknownVariables(env).map(asFinding('variables')),
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
function end(text: string, code: number): void {
  process.stdout.write(text, () => process.exit(code));
}

const { json } = parse();
const print = json ? asJson : asText;
const read = await readConfig();
if ('findings' in read) {
  end(print([...read.findings, checkNode()]), EX_CONFIG);
} else {
  const findings = [
    passed('configuration', 'is valid'),
    checkNode(),
    ...(await checkSettings(read.env, read.config)),
    ...(await checkSurroundings(read.config)),
  ];
  end(print(findings), findings.some(({ status }) => status === 'failed') ? 1 : 0);
}
