import { credential, oneOf, text, whole } from './values/checks.ts';
import { variable, type Values } from './variable.ts';

const variables = {
  NODE_ENV: variable(
    '`development` relaxes requirements of production: issuer and audience, no demo secret',
    text,
    { default: 'production' },
  ),
  LOG_LEVEL: variable(
    '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
    oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    { default: 'info' },
  ),
  LOG_HASH_KEY: variable('key for hashing subjects in the log; random per process if not set', credential, {
    secret: true,
  }),
  SHUTDOWN_GRACE_MS: variable('time for requests in flight to finish after SIGTERM', whole(0, 600_000), {
    default: 10_000,
  }),
  WEB_CONCURRENCY: variable(
    'number of worker processes; more than 1 requires Redis, more than one per core is of no use',
    whole(1, 128),
    { default: 1 },
  ),
};

export type ProcessValues = Values<typeof variables>;

function build(values: ProcessValues) {
  return {
    development: isDevelopment(values),
    log: { level: values.LOG_LEVEL, hashKey: values.LOG_HASH_KEY },
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
    processes: values.WEB_CONCURRENCY,
  };
}

export function isDevelopment({ NODE_ENV }: Pick<ProcessValues, 'NODE_ENV'>): boolean {
  return NODE_ENV === 'development';
}

export const processSlice = {
  title: 'Program',
  introduction: 'The mode, the log, the workers and the shutdown.',
  prefixes: ['SHUTDOWN_'],
  variables,
  files: [],
  build,
};
