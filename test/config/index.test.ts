import { PARTS } from '../../src/contact/parts/index.ts';
import { loadConfig, SLICES, VARIABLES } from '../../src/config/index.ts';
import { GOOD, issuesOf, namesOf } from '../support/config.ts';

test('needs only the required variables and uses the documented defaults', () => {
  const config = loadConfig(GOOD);
  expect(config.http).toMatchObject({ port: 3000, corsOrigins: [], maxBodyBytes: 16_384, maxBatchSize: 50 });
  expect(config.admin).toEqual({ host: '127.0.0.1', port: 3001, token: undefined });
  expect(config.cache).toEqual({
    ttlMs: { contact: 60_000, notes: 30_000, entity: 300_000, profile: 3_600_000, signals: 30_000 },
    negativeTtlMs: 10_000,
    staleWhileRevalidateMs: 30_000,
    staleIfErrorMs: 3_600_000,
  });
  expect(config.upstream).toMatchObject({
    connectTimeoutMs: 1000,
    maxResponseBytes: 2_097_152,
  });
  expect(config.resilience).toMatchObject({ timeoutMs: 5000, maxConcurrency: 32, maxPerSecond: undefined });
  expect(config.upstream.baseUrl.href).toBe('https://app.zyntrohq.com/');
  expect(config.auth).toMatchObject({ clockToleranceS: 5, maxLifetimeS: undefined, cookie: undefined });
  expect(config.auth.issuers).toMatchObject([
    {
      issuer: 'https://id.example.com',
      audience: 'zyntro-bff',
      jwks: undefined,
      tier: undefined,
      claims: {
        org: 'org_id',
        member: 'member_id',
        tier: 'rate_tier',
        scopes: ['scope', 'scp', 'permissions'],
      },
    },
  ]);
  expect([...config.auth.issuers[0]!.keys[0]!.algorithms]).toEqual(['HS256', 'HS384', 'HS512']);
});

test('reports all issues at once, with names and without values', () => {
  const env = {
    PORT: 'hunter2-port',
    UPSTREAM_TIMEOUT_MS: '-1',
    CACHE_TTL_NOTES_S: '1.5',
    JWT_SECRET: 'hunter2-short',
    JWT_ALGORITHMS: 'none,hunter2',
    ZYNTRO_BASE_URL: 'http://hunter2.example.com',
    ZYNTRO_TIMEZONE: 'hunter2/zone',
    EGRESS_LOCAL_ADDRESS: 'hunter2',
    EGRESS_PROXY_URL: 'ftp://hunter2',
    CORS_ORIGINS: '*',
    ADMIN_HOST: '0.0.0.0',
    LOG_LEVEL: 'hunter2',
  };
  expect(new Set(namesOf(env))).toEqual(
    new Set([
      ...Object.keys(env).filter((name) => name !== 'ADMIN_HOST'),
      'ADMIN_TOKEN',
      'JWT_ISSUER',
      'JWT_AUDIENCE',
      'ZYNTRO_API_KEY',
      'ZYNTRO_DEVELOPER_SECRET',
    ]),
  );
  expect(issuesOf(env).join('\n')).not.toMatch(/hunter2/);
});

test('WEB_CONCURRENCY above 1 requires Redis and divides the upstream limits', () => {
  expect(namesOf({ ...GOOD, WEB_CONCURRENCY: '2' })).toEqual(['WEB_CONCURRENCY']);
  const missing = { REDIS_URL_FILE: '/nonexistent' };
  expect(namesOf({ ...GOOD, WEB_CONCURRENCY: '2', ...missing })).toEqual(['REDIS_URL_FILE']);
  const redis = { ...GOOD, REDIS_URL: 'redis://127.0.0.1:6379' };
  expect(namesOf({ ...redis, WEB_CONCURRENCY: '4', UPSTREAM_MAX_RPS: '3' })).toEqual(['WEB_CONCURRENCY']);
  const { processes, resilience } = loadConfig({ ...redis, WEB_CONCURRENCY: '4', UPSTREAM_MAX_RPS: '10' });
  expect([processes, resilience.maxConcurrency, resilience.maxPerSecond]).toEqual([4, 8, 2]);
});

test('defines each variable in one slice', () => {
  const names = SLICES.flatMap(({ variables }) => Object.keys(variables));
  expect(names.toSorted()).toEqual(Object.keys(VARIABLES).toSorted());
});

test.each(PARTS)('the time to live of %s has a variable', (part) => {
  const { cache } = loadConfig({ ...GOOD, [`CACHE_TTL_${part.toUpperCase()}_S`]: '7' });
  expect(cache.ttlMs[part]).toBe(7000);
});
