import { buildApp } from './app.ts';
import { loadConfig, type Config } from './config/load-config.ts';
import { processEnvironment } from './config/environment.ts';
import { ConfigError } from './config/faults.ts';
import { listen, type RunningServer } from './http/server.ts';
import { Health } from './telemetry/health.ts';
import { describeError, openLog, type Log } from './telemetry/log.ts';

/** sysexits.h: the configuration is at fault. */
const EX_CONFIG = 78;

function readConfig(): Config {
  try {
    return loadConfig(processEnvironment());
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

async function main(): Promise<void> {
  const config = readConfig();
  const log = openLog(config.log);
  const health = new Health(Date.now);
  const app = buildApp({ config, log, health });
  await app.connect();
  const { http, admin } = config;
  const publicServer = await open('public', 'PORT', () => listen(app.publicApp, http), log);
  const adminServer = await open(
    'admin',
    'ADMIN_PORT',
    () => listen(app.adminApp, { ...http, ...admin }),
    log,
  );
  health.enter('ready');
  log.info({ port: publicServer.port, adminPort: adminServer.port }, 'listening');

  async function stop(signal: string): Promise<void> {
    if (health.draining) return;
    health.enter('draining');
    log.info({ signal }, 'draining');
    const cutOff = await publicServer.drain(config.shutdownGraceMs);
    // The admin port stays to the end, to tell what is going on.
    await adminServer.drain(0);
    await app.close();
    log.info({ cutOff }, 'stopped');
    process.exit(0);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.fatal({ error: describeError(error) }, 'could not stop in order');
        process.exit(1);
      });
    });
  }
}

await main();
