import { ConfigError } from '../../src/config/config-issues.ts';
import { loadStartConfig } from '../../src/config/start-config.ts';
import { GOOD } from '../support/config.ts';

const TOKEN = { ADMIN_TOKEN: 'an-operator-token' };
const FOREIGN =
  'is not an address of this machine: set an address that "ip addr" lists, or remove the variable';

async function startIssuesOf(env: Record<string, string | undefined>): Promise<readonly string[]> {
  try {
    await loadStartConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

test.each(['203.0.113.77', '2001:db8::77', 'fe80::1%no-such-zone'])(
  'the host %s is an issue, because this machine does not have it',
  async (host) => {
    expect(await startIssuesOf({ ...GOOD, ...TOKEN, HOST: host })).toEqual([`HOST: ${FOREIGN}`]);
    expect(await startIssuesOf({ ...GOOD, ...TOKEN, ADMIN_HOST: host })).toEqual([`ADMIN_HOST: ${FOREIGN}`]);
  },
);

test('a host that this machine does not have is reported together with all other issues, once', async () => {
  const env = { ...GOOD, HOST: '203.0.113.77', ADMIN_HOST: 'two words', PORT: 'x', JWT_ISSUER: '' };
  expect((await startIssuesOf(env)).map((issue) => issue.split(':')[0])).toEqual([
    'ADMIN_HOST',
    'HOST',
    'JWT_ISSUER',
    'PORT',
  ]);
});

test.each([undefined, '127.0.0.1', '0.0.0.0', '127.0.0.2', 'localhost'])(
  'accepts the host %s',
  async (host) => {
    const { http } = await loadStartConfig({ ...GOOD, HOST: host });
    expect(http.host).toBe(host);
  },
);
