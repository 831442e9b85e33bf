import { unknownVariables } from '../../src/config/unknown-variables.ts';

const adviceOn = (name: string, value = 'x') =>
  unknownVariables({ [name]: value }).map(({ advice }) => advice);

test.each([
  ['JWT_AUDIANCE', 'JWT_AUDIENCE'],
  ['JTW_SECRET', 'JWT_SECRET'],
  ['JWT_JWKS_URL', 'JWT_JWKS_URI'],
  ['JWT_SECERT_FILE', 'JWT_SECRET_FILE'],
  ['ZYNTRO_APIKEY', 'ZYNTRO_API_KEY'],
  ['ZYNTRO_DEVELOPER_SECRETS_FILE', 'ZYNTRO_DEVELOPER_SECRET_FILE'],
  ['EGRES_PROXY_URL', 'EGRESS_PROXY_URL'],
  ['EGRESS_ADDRESS', 'EGRESS_LOCAL_ADDRESS'],
  ['CACHE_TTL_NOTE_S', 'CACHE_TTL_NOTES_S'],
  ['CACHE_TTL_NOTES_MS', 'CACHE_TTL_NOTES_S'],
  ['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT_MS'],
  ['RATE_LIMIT_TIER', 'RATE_LIMIT_TIERS'],
  ['CORS_ORIGIN', 'CORS_ORIGINS'],
  ['TRUST_PROXIES', 'TRUST_PROXY'],
  ['ADMIN_TOKENS', 'ADMIN_TOKEN'],
  ['REDIS_SENTINEL_NAMES', 'REDIS_SENTINEL_NAME'],
  ['REDIS_PASWORD_FILE', 'REDIS_PASSWORD_FILE'],
  ['REDIS_HOST', 'REDIS_URL'],
  ['log_level', 'LOG_LEVEL'],
  ['SHUTDOWN_GRACE', 'SHUTDOWN_GRACE_MS'],
  ['WRITE', 'WRITES'],
  ['ENABLE_WRITES', 'WRITES'],
  ['WRITES_ENABLED', 'WRITES'],
  ['WRITES_MODE', 'WRITES'],
])('suggests for %s: did you mean %s?', (name, nearest) => {
  expect(adviceOn(name)).toEqual([`did you mean ${nearest}?`]);
});

test('warns that a variable that is not a secret cannot be read from a file', () => {
  expect(adviceOn('JWT_ISSUER_FILE')).toEqual(['set JWT_ISSUER itself: it cannot be read from a file']);
});

test('names the variable in a warning and never its value', () => {
  expect(JSON.stringify(unknownVariables({ JWT_SECERT: 'hunter2' }))).not.toContain('hunter2');
  expect(unknownVariables({ JWT_SECERT: 'hunter2' })).toMatchObject([{ variable: 'JWT_SECERT' }]);
});

const UNRELATED = `
  REDIS_PORT REDIS_SERVICE_HOST REDIS_SERVICE_PORT REDIS_SERVICE_PORT_TLS REDIS_PORT_6379_TCP
  REDIS_PORT_6379_TCP_ADDR REDIS_PORT_6379_TCP_PROTO REDIS_MASTER_SERVICE_HOST REDIS_MASTER_PORT
  UPSTREAM_SERVICE_HOST UPSTREAM_PORT_80_TCP ZYNTRO_BFF_SERVICE_HOST ZYNTRO_BFF_SERVICE_PORT_HTTP
  ZYNTRO_BFF_PORT ZYNTRO_BFF_PORT_3000_TCP_PORT CACHE_PORT REDIS_ENV_REDIS_VERSION REDIS_TLS_URL
  REDIS_PUBLIC_URL REDIS_VERSION REDISHOST PATH HOME HOSTNAME PWD SHLVL TERM LANG LOGNAME USER TZ
  POSTS HOSTS NODE_OPTIONS NODE_VERSION NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE HTTP_PROXY
  https_proxy OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_PROTOCOL OTEL_PROPAGATORS OTEL_TRACES_EXPORTER
  LOG_FORMAT LOG_DIR CACHE_DIR ADMIN_EMAIL WEB_MEMORY CLIENT_ID npm_config_cache
  KUBERNETES_SERVICE_HOST KUBERNETES_PORT_443_TCP AWS_REGION DYNO PORT_NAME INVOCATION_ID
`;

test('does not warn about variables of platforms, shells and other programs', () => {
  const names = UNRELATED.trim().split(/\s+/);
  expect(unknownVariables(Object.fromEntries(names.map((name) => [name, 'tcp://10.0.0.1:6379'])))).toEqual(
    [],
  );
});

test('does not warn about an empty variable', () => {
  expect(unknownVariables({ JWT_SECERT: '', JWT_AUDIANCE: undefined })).toEqual([]);
});
