import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../../src/config/index.ts';
import { GOOD, issuesOf } from '../../support/config.ts';

const [one, two] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [
  string,
  string,
];

test.each([`${one},${two}`, `${one}\n${two}`, ` ${one} \r\n\r\n ${two} `])(
  'separates encryption keys by commas or line breaks: %j',
  (text) => {
    const { encryptionKeys } = loadConfig({ ...GOOD, CACHE_ENCRYPTION_KEYS: text }).redisStore;
    expect(encryptionKeys?.map((key) => key.toString('base64'))).toEqual([one, two]);
  },
);

test.each([`${one} ${two}`, `${one};${two}`, `${one}garbage`, `${one.slice(0, -1)}!=`])(
  'does not take an encryption key from the beginning of %j',
  (text) => {
    expect(issuesOf({ ...GOOD, CACHE_ENCRYPTION_KEYS: text })).toEqual([
      expect.stringMatching(/^CACHE_ENCRYPTION_KEYS: key 1 is not 32 bytes/),
    ]);
  },
);

test('lists the nodes of a Cluster on lines', () => {
  const env = { ...GOOD, REDIS_MODE: 'cluster', REDIS_NODES: 'redis-0\nredis-1:6380' };
  expect(loadConfig(env).redis?.nodes).toMatchObject([{ host: 'redis-0' }, { host: 'redis-1', port: 6380 }]);
});

test.each(['https://app.example.com', 'capacitor://localhost', 'ionic://localhost'])(
  'accepts the origin %s',
  (origin) => {
    expect(loadConfig({ ...GOOD, CORS_ORIGINS: origin }).http.corsOrigins).toEqual([origin]);
  },
);

test.each(['capacitor://localhost/path', 'file://', 'capacitor:', 'null'])(
  'rejects the origin %s',
  (origin) => {
    expect(issuesOf({ ...GOOD, CORS_ORIGINS: origin })).toHaveLength(1);
  },
);
