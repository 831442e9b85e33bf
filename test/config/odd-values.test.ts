import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { buildApp } from '../support/build-app.ts';
import { ConfigError } from '../../src/config/config-issues.ts';
import { loadConfig, VARIABLES, type Config } from '../../src/config/index.ts';
import type { Variable } from '../../src/config/variable.ts';
import { createWorkerBus } from '../../src/cluster/worker-bus.ts';
import { Health } from '../../src/telemetry/health.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const GOOD: Readonly<Record<string, string>> = {
  LOG_LEVEL: 'silent',
  JWT_SECRET: randomBytes(48).toString('base64'),
  JWT_ISSUER: 'https://id.example.com',
  JWT_AUDIENCE: 'zyntro-bff',
  ZYNTRO_API_KEY: 'an-api-key',
  ZYNTRO_DEVELOPER_SECRET: 'zdk_a-developer-secret',
};
/** The number of configurations to build per variable, because a build takes longer than a check. */
const MAX_BUILDS = 3;
const log = createLog({ level: 'silent' }, { write: () => {} });

/** Redirects key sets to this machine, with the path of the value, because opening them fetches them. */
function withLocalKeySets(config: Config): Config {
  const issuers = config.auth.issuers.map((issuer) => {
    if (!issuer.jwks) return issuer;
    const { pathname, search } = issuer.jwks.uri;
    return { ...issuer, jwks: { ...issuer.jwks, uri: new URL(`http://127.0.0.1:1${pathname}${search}`) } };
  });
  return { ...config, auth: { ...config.auth, issuers } };
}

/** Builds the app and reloads it once, as a start and a reload do. */
async function build(config: Config): Promise<void> {
  const local = withLocalKeySets(config);
  const health = new Health(Date.now);
  const metrics = createMetrics({ version: '0.0.0', health, routes: [], tiers: [], redisCodes: [] });
  const app = buildApp({ config: local, log, health, metrics, workerBus: createWorkerBus(false) });
  try {
    app.prepareReload(local).commit();
  } finally {
    await app.close();
  }
}

const URLS = ['redis://', 'rediss://', 'http://', 'https://', 'http://127.0.0.1/', 'http://[::1]:1/'];
const NUMBERS = ['0', '1', '16', '999999999999999', '1e3', '-1', '0x10', '1.5', '٣', 'NaN'];
// prettier-ignore
const ODD = [
  '%', '%zz', '%FF', '%00', '::1%eth0', '0.0.0.0/0', '::/0', '1.2.3.4/33', 'fe80::1', 'localhost:0',
  '[]', '{}', '{"__proto__":{}}', '[{}]', '{"default":null}', '{"a":{"secret":{}}}', 'null', '*',
  '-----BEGIN PUBLIC KEY-----', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  '__Host-a', '__proto__', 'constructor', '+25:00', 'Etc/GMT-14', 'HS256', 'none', ',', 'a,b', 'ü',
  'production', 'development', 'cluster', 'sentinel', 'local', 'true', 'traceidratio',
];
/** Generates text that resembles a value of some variable, and random text. */
const text = fc.oneof(
  fc.constantFrom(...ODD, ...NUMBERS, ...URLS),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.json({ maxDepth: 3 }),
  fc
    .tuple(fc.constantFrom(...URLS), fc.array(fc.constantFrom(...ODD, ...NUMBERS, '@', ':', '/', '?', '#')))
    .map(([scheme, parts]) => scheme + parts.join('')),
  fc.base64String({ minLength: 32, maxLength: 88 }),
);
const ADDRESSES = { REDIS_URL: 'rediss://user:pass@redis', REDIS_NODES: 'redis.internal,[::1]:7000' };
/** Valid environments that create different Redis clients. */
const SURROUNDINGS = [
  {},
  { REDIS_URL: 'redis://redis' },
  { ...ADDRESSES, REDIS_MODE: 'cluster' },
  { ...ADDRESSES, REDIS_MODE: 'sentinel', REDIS_SENTINEL_NAME: 'main' },
];

test.each(SURROUNDINGS)('builds a valid environment with %j', (more) =>
  build(loadConfig({ ...GOOD, ...more })),
);

test.each(Object.entries<Variable<unknown>>(VARIABLES))(
  'an arbitrary value of %s works or is an issue with a name',
  async (name, { schema }) => {
    let built = 0;
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...SURROUNDINGS), async (value, more) => {
        try {
          const config = loadConfig({ ...GOOD, ...more, [name]: value });
          if (built < MAX_BUILDS) await build(config);
          built += 1;
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          for (const issue of error.issues) expect(issue).toMatch(/^[A-Z][A-Z0-9_]+: .*\S/s);
          // A valid value can require another variable.
          const text = value.trim();
          if (text !== '' && !schema.safeParse(text).success) expect(error.variables).toContain(name);
        }
      }),
      { numRuns: 60 },
    );
  },
);
