import cluster from 'node:cluster';
import { buildApp } from './app.ts';
import { processEnvironment, type Environment } from './config/environment.ts';
import { ConfigError } from './config/faults.ts';
import { loadConfig, type Config } from './config/load-config.ts';
import { installResolver } from './dns/install.ts';
import { listen, type RunningServer } from './http/server.ts';
import { randomHashKey, runPrimary } from './processes/primary.ts';
import { openSiblings } from './processes/siblings.ts';
import { secretReloader } from './reload-secrets.ts';
import { Health } from './telemetry/health.ts';
import { describeError, openLog, type Log } from './telemetry/log.ts';
import { openMetrics } from './telemetry/metrics.ts';
import { startTracing } from './telemetry/tracing.ts';
import { VERSION } from './version.ts';

/** sysexits.h: the configuration is at fault. */
const EX_CONFIG = 78;
/** What sending the last traces may add to the way out: what is left of the grace time, within these. */
const FLUSH_LEAST_MS = 200;
const FLUSH_MOST_MS = 2000;

interface Settings {
  readonly env: Environment;
  readonly config: Config;
}

function readConfig(): Settings {
  try {
    const env = processEnvironment();
    return { env, config: loadConfig(env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`zyntro-bff cannot start. Its configuration has ${error.faults.length} fault(s):\n`);
    for (const fault of error.faults) process.stderr.write(`  ${fault}\n`);
    process.exit(EX_CONFIG);
  }
}

async function open(
  what: string,
  variable: string,
  start: () => Promise<RunningServer>,
  log: Log,
): Promise<RunningServer> {
  try {
    return await start();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    log.fatal({ code, advice: `choose another ${variable}` }, `cannot listen on the ${what} port`);
    process.exit(1);
  }
}

/** SIGTERM and SIGINT end the program in order, and so does an error that nothing handles, with exit code 1. */
function stopInOrder(drain: () => Promise<{ cutOff: number }>, health: Health, log: Log): void {
  let exitCode = 0;
  async function stop(): Promise<void> {
    if (health.draining) return;
    health.enter('draining');
    try {
      log.info(await drain(), 'stopped');
    } catch (error) {
      log.fatal({ error: describeError(error) }, 'could not stop in order');
      exitCode = 1;
    }
    process.exit(exitCode);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'draining');
      void stop();
    });
  }
  // Node would end a worker there and then, whatever it is in the middle of.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.on('disconnect', () => {
    log.error('the process that ran this one is gone: draining');
    void stop();
  });
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      exitCode = 1;
      log.fatal({ event, error: describeError(error) }, 'an error that nothing handles: draining');
      void stop();
    });
  }
}

/** The whole program, or one of the processes that are. */
async function serve({ env, config }: Settings, log: Log): Promise<void> {
  installResolver();
  const health = new Health(Date.now);
  const metrics = openMetrics({ version: VERSION, health });
  metrics.collectProcess();
  const flushTraces = await startTracing(config.tracing, log);
  const siblings = openSiblings(config.processes > 1);
  const app = buildApp({ config, log, health, metrics, siblings });
  process.on('SIGHUP', secretReloader(env, app.prepareReload, log));
  await app.connect();
  const { http, admin } = config;
  const publicServer = await open('public', 'PORT', () => listen(app.publicApp, http), log);
  const adminServer = await open(
    'admin',
    'ADMIN_PORT',
    () => listen(app.adminApp, { ...http, ...admin }),
    log,
  );

  async function drain(): Promise<{ cutOff: number }> {
    const end = performance.now() + config.shutdownGraceMs;
    const cutOff = await publicServer.drain(config.shutdownGraceMs);
    // The admin port stays to the end, to tell what is going on.
    await adminServer.drain(0);
    await app.close();
    await flushTraces(Math.min(Math.max(end - performance.now(), FLUSH_LEAST_MS), FLUSH_MOST_MS));
    return { cutOff };
  }
  stopInOrder(drain, health, log);
  health.enter('ready');
  siblings.ready();
  log.info({ pid: process.pid, port: publicServer.port, adminPort: adminServer.port }, 'listening');
}

const settings = readConfig();
const log = openLog(settings.config.log);
if (cluster.isPrimary && settings.config.processes > 1) {
  const { processes, shutdownGraceMs, log: logged } = settings.config;
  const own: Record<string, string> = logged.hashKey === undefined ? { LOG_HASH_KEY: randomHashKey() } : {};
  runPrimary({ processes, shutdownGraceMs, env: own, log });
} else {
  await serve(settings, log);
}
