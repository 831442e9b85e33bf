import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { secretReloader } from '../../src/config/secret-reloader.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(path.join(os.tmpdir(), 'zyntro-bff-test-reload-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string) => path.join(directory, name);
const put = (name: string, content: string) => writeFileSync(file(name), content, { mode: 0o600 });

function start() {
  put('jwt', 'first-jwt-secret-that-is-long-enough-0123456789');
  put('key', 'first-key');
  put('developer', 'first-developer');
  put('admin', 'first-admin\n');
  return secretReloader({
    JWT_SECRET_FILE: file('jwt'),
    JWT_ISSUER: 'issuer',
    JWT_AUDIENCE: 'audience',
    ZYNTRO_API_KEY_FILE: file('key'),
    ZYNTRO_DEVELOPER_SECRET_FILE: file('developer'),
    ADMIN_TOKEN_FILE: file('admin'),
  });
}

function inUse(reload: ReturnType<typeof start>) {
  const { config, faults } = reload();
  const pair = config?.upstream.credentials;
  return {
    pair: pair?.kind === 'one' ? Object.values(pair.credentials) : undefined,
    admin: config?.admin.token,
    jwt: config?.auth.issuers[0]?.keys[0]?.key.export().toString('utf8').split('-')[0],
    faults,
  };
}

const FIRST = { pair: ['first-key', 'first-developer'], admin: 'first-admin', jwt: 'first' };

test('new secrets are taken over', () => {
  const reload = start();
  put('key', 'second-key');
  put('developer', 'second-developer');
  put('jwt', 'second-jwt-secret-that-is-long-enough-012345678');
  put('admin', 'second-admin');
  expect(inUse(reload)).toEqual({
    pair: ['second-key', 'second-developer'],
    admin: 'second-admin',
    jwt: 'second',
    faults: [],
  });
});

test.each([
  ['empty', ''],
  ['blank', ' \n'],
])('an %s file leaves the old pair whole, and does not hold up other secrets', (_what, content) => {
  const reload = start();
  put('key', 'second-key');
  put('developer', content);
  put('admin', 'second-admin');
  expect(inUse(reload)).toEqual({
    ...FIRST,
    admin: 'second-admin',
    faults: ['ZYNTRO_DEVELOPER_SECRET_FILE: the file is empty'],
  });
});

test('so does a file that is gone, once more and until it is back', () => {
  const reload = start();
  rmSync(file('jwt'));
  for (let count = 0; count < 2; count += 1) {
    expect(inUse(reload)).toEqual({
      ...FIRST,
      faults: ['JWT_SECRET_FILE: the file cannot be read (ENOENT)'],
    });
  }
  put('jwt', 'third-jwt-secret-that-is-long-enough-0123456789');
  expect(inUse(reload)).toEqual({ ...FIRST, jwt: 'third', faults: [] });
});

test('and a secret that the checks refuse, without a word of it', () => {
  const reload = start();
  put('jwt', 'hunter2');
  const { faults, ...rest } = inUse(reload);
  expect(rest).toEqual(FIRST);
  expect(faults).toEqual([expect.stringMatching(/^JWT_SECRET: is shorter than 32 bytes/)]);
  expect(faults.join()).not.toMatch(/hunter2/);
});
