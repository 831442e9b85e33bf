import cluster from 'node:cluster';
import { adminApp, publicApp } from './app.ts';
import { brandWarnings } from './config/brand-warnings.ts';
import { egressWarnings } from './config/egress-warnings.ts';
import { processEnvironment, type Environment } from './config/environment.ts';
import { ConfigError } from './config/config-issues.ts';
import type { Config } from './config/index.ts';
import { loadStartConfig } from './config/start-config.ts';
import { unknownVariables } from './config/unknown-variables.ts';
import { installResolver } from './dns/install.ts';
import { exitAtOnce } from './process/exit.ts';
import { ADMIN_CONNECTIONS, publicConnections } from './http/descriptors.ts';
import { listenIssue, type AddressVariables } from './http/listen-issue.ts';
import type { Refused } from './http/refuse-connection.ts';
import { listen, type RunningServer } from './http/server.ts';
import { randomHashKey, runPrimary } from './cluster/primary.ts';
import { createWorkerBus } from './cluster/worker-bus.ts';
import { OPERATIONS } from './operations/index.ts';
import { isWrite } from './operations/mount.ts';
import { REDIS_FAULT_CODES } from './redis/redis-diagnosis.ts';
import { secretReloader } from './secrets/reload-secrets.ts';
import { drainOnStop, LAST_LINES_MS } from './process/shutdown.ts';
import { onReload } from './process/signals.ts';
import { throttleLog } from './lib/throttle-log.ts';
import { withTimeout } from './lib/with-timeout.ts';
import { createServices, monotonicNow } from './services.ts';
import { Health } from './telemetry/health.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { logOutput, type LogOutput } from './telemetry/log-output.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { startTracing } from './telemetry/tracing.ts';
import { VERSION } from './version.ts';

/** sysexits.h: configuration error. */
const EX_CONFIG = 78;
/** Bounds of the time for each shutdown step: the rest of the grace time, clamped to these. */
const CLOSE_MIN_MS = 200;
const CLOSE_MAX_MS = 2000;
/** Timeout to resolve and bind an address. */
const LISTEN_MS = 5000;
const PUBLIC_VARIABLES = { host: 'HOST', port: 'PORT' };
const ADMIN_VARIABLES = { host: 'ADMIN_HOST', port: 'ADMIN_PORT' };

interface Logging {
  readonly log: Log;
  readonly output: LogOutput;
}

interface Settings {
  readonly env: Environment;
  readonly config: Config;
}

async function readConfig(): Promise<Settings> {
  try {
    const env = processEnvironment();
    return { env, config: await loadStartConfig(env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`zyntro-bff cannot start. The configuration has ${error.issues.length} issue(s):\n`);
    for (const issue of error.issues) process.stderr.write(`  ${issue}\n`);
    return exitAtOnce(EX_CONFIG);
  }
}

/** Logs settings that probably do not have the effect that the operator wants. */
async function logWarnings({ env, config }: Settings, log: Log): Promise<void> {
  const warnings = [...unknownVariables(env), ...brandWarnings(config), ...(await egressWarnings(config))];
  for (const { variable, message, advice } of warnings) log.warn({ variable, advice }, message);
}

/** Exits with code 1 after the log is written. */
async function failStart(output: LogOutput): Promise<never> {
  await output.flush(LAST_LINES_MS);
  return exitAtOnce(1);
}

/** Listens on the port of an application. If it cannot, logs the variable to change and exits. */
async function open(
  name: string,
  variables: AddressVariables,
  start: () => Promise<RunningServer>,
  { log, output }: Logging,
): Promise<RunningServer> {
  try {
    return await withTimeout(LISTEN_MS, start());
  } catch (error) {
    const { name: kind, code: given } = error as NodeJS.ErrnoException;
    const code = kind === 'TimeoutError' ? 'ETIMEDOUT' : given;
    log.fatal({ code, ...listenIssue(code, variables) }, `cannot listen on the ${name} port`);
    return failStart(output);
  }
}

/** Returns a function that logs connections that could not be accepted, at most once per 10 s. */
function acceptErrorLog(log: Log): (error: NodeJS.ErrnoException) => void {
  let code: string | undefined;
  const occurred = throttleLog((times) => log.error({ code, times }, 'connections not accepted'), {
    everyMs: 10_000,
    now: monotonicNow,
  });
  return (error) => {
    code = error.code;
    occurred();
  };
}

/** Starts the program, or one of its workers. */
async function serve({ env, config }: Settings, { log, output }: Logging): Promise<void> {
  installResolver();
  const health = new Health(Date.now);
  const metrics = createMetrics({
    version: VERSION,
    health,
    routes: OPERATIONS.map((operation) => ({
      id: operation.id,
      path: operation.path,
      method: operation.method.toUpperCase(),
      status: operation.docs.success.status ?? 200,
      isWrite: isWrite(operation),
    })),
    tiers: [...config.limits.tiers.values()].flatMap(({ name, writes }) => [
      name,
      ...(writes ? [writes.name] : []),
    ]),
    redisCodes: config.redis ? REDIS_FAULT_CODES : [],
  });
  metrics.collectProcess();
  const flushTraces = await startTracing(config.tracing, log);
  const workerBus = createWorkerBus(config.processes > 1);
  const options = { config, log, health, metrics, workerBus };
  const services = createServices(options);
  onReload(secretReloader(env, services.prepareReload, log));
  await services.connect();
  const servers: { public?: RunningServer; admin?: RunningServer } = {};

  async function drain(): Promise<{ cutOff: number }> {
    const end = performance.now() + config.shutdownGraceMs;
    const left = () => Math.min(Math.max(end - performance.now(), CLOSE_MIN_MS), CLOSE_MAX_MS);
    const cutOff = (await servers.public?.drain(config.shutdownGraceMs)) ?? 0;
    // A write goes on if its client has gone, and its outcome would be unknown if it was cut off here.
    await services.writesInFlight.settled(Math.max(0, end - performance.now()));
    // The admin port stays open until the end, to report the state.
    await servers.admin?.drain(0);
    await withTimeout(left(), services.close()).catch(() => {});
    await flushTraces(left());
    return { cutOff };
  }
  drainOnStop({ drain, health, log, output });
  const { http, admin, resilience } = config;
  const maxConnections = publicConnections({ ...http, maxUpstreamConnections: resilience.maxConcurrency });
  if (maxConnections < http.maxConnections)
    log.warn({ maxConnections }, 'fewer connections than configured: raise the descriptor limit (ulimit -n)');
  const logging = { log, output };
  const shared = {
    ...http,
    onAcceptError: acceptErrorLog(log),
    onRefused({ status, ...refused }: Refused) {
      metrics.request('unmatched', '', status, 0);
      log.info({ ...refused, route: 'unmatched', status }, 'request');
    },
  };
  servers.public = await open(
    'public',
    PUBLIC_VARIABLES,
    () => listen(publicApp(options, services), { ...shared, maxConnections }),
    logging,
  );
  servers.admin = await open(
    'admin',
    ADMIN_VARIABLES,
    () => listen(adminApp(options, services), { ...shared, ...admin, maxConnections: ADMIN_CONNECTIONS }),
    logging,
  );
  if (health.draining) return;
  health.enter('ready');
  workerBus.ready();
  log.info({ pid: process.pid, port: servers.public.port, adminPort: servers.admin.port }, 'listening');
}

const settings = await readConfig();
const output = logOutput({ isShared: settings.config.processes > 1 });
const log = createLog(settings.config.log, output);
if (cluster.isPrimary) await logWarnings(settings, log);
if (cluster.isPrimary && settings.config.processes > 1) {
  const { processes, shutdownGraceMs, log: logConfig } = settings.config;
  const workerEnv: Record<string, string> =
    logConfig.hashKey === undefined ? { LOG_HASH_KEY: randomHashKey() } : {};
  runPrimary({ processes, shutdownGraceMs, env: workerEnv, log, output });
} else {
  await serve(settings, { log, output });
}
