import { randomUUID } from 'node:crypto';
import { brandWarnings } from '../../src/config/brand-warnings.ts';
import { loadConfig } from '../../src/config/index.ts';
import { GOOD } from '../support/config.ts';

const BRAND = { ZYNTRO_BRAND_ID: '101' };

function credentials(...apiKeys: string[]): Record<string, string> {
  const pairs = apiKeys.map((apiKey) => [
    randomUUID(),
    { apiKey, developerSecret: 'zdk_a-developer-secret' },
  ]);
  return {
    ZYNTRO_API_KEY: '',
    ZYNTRO_DEVELOPER_SECRET: '',
    ZYNTRO_CREDENTIALS: JSON.stringify(Object.fromEntries(pairs)),
  };
}

const variablesOf = (env: Record<string, string | undefined>) =>
  brandWarnings(loadConfig({ ...GOOD, ...env })).map(({ variable }) => variable);

test('warns of one brand for the credentials of several accounts', () => {
  expect(variablesOf({ ...BRAND, ...credentials('one-key', 'another-key') })).toEqual(['ZYNTRO_BRAND_ID']);
});

test.each<[string, Record<string, string>]>([
  ['one pair of credentials', BRAND],
  ['several organizations of one account', { ...BRAND, ...credentials('one-key', 'one-key') }],
  ['several accounts without a brand', credentials('one-key', 'another-key')],
  ['WRITES=off', { ...BRAND, ...credentials('one-key', 'another-key'), WRITES: 'off' }],
])('does not warn of %s', (_name, env) => {
  expect(variablesOf(env)).toEqual([]);
});
