import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Config } from '../../src/config/index.ts';
import { secretReloader } from '../../src/secrets/reload-secrets.ts';
import { createLog } from '../../src/telemetry/log.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'zyntro-bff-test-reload-'));
  put('jwt', 'first-jwt-secret-that-is-long-enough-0123456789');
  put('key', 'first-key');
  put('developer', 'first-developer');
  put('admin', 'first-admin\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string) => path.join(directory, name);
const put = (name: string, content: string) => writeFileSync(file(name), content, { mode: 0o600 });

function start(prepared: () => void = () => {}) {
  const lines: string[] = [];
  const committed: Config[] = [];
  const env = {
    JWT_SECRET_FILE: file('jwt'),
    JWT_ISSUER: 'issuer',
    JWT_AUDIENCE: 'audience',
    ZYNTRO_API_KEY_FILE: file('key'),
    ZYNTRO_DEVELOPER_SECRET_FILE: file('developer'),
    ADMIN_TOKEN_FILE: file('admin'),
  };
  const prepare = (config: Config) => {
    prepared();
    return { commit: () => committed.push(config), discard: () => {} };
  };
  const reload = secretReloader(env, prepare, createLog({ level: 'info' }, { write: (l) => lines.push(l) }));
  return {
    committed,
    lines,
    reload: () => {
      reload();
      return JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    },
  };
}

test('commits every new secret', () => {
  const { reload, committed } = start();
  for (const name of ['key', 'developer', 'admin']) put(name, `second-${name}`);
  expect(reload()).toMatchObject({ level: 'info', msg: 'secrets reloaded' });
  expect(committed).toMatchObject([
    {
      upstream: {
        credentials: { credentials: { apiKey: 'second-key', developerSecret: 'second-developer' } },
      },
      admin: { token: 'second-admin' },
    },
  ]);
});

const REJECTED = 'secret reload failed, keeping previous values';
test.each([
  ['is empty', () => put('developer', ''), 'ZYNTRO_DEVELOPER_SECRET_FILE'],
  ['is blank', () => put('developer', ' \n'), 'ZYNTRO_DEVELOPER_SECRET_FILE'],
  ['is missing', () => rmSync(file('jwt')), 'JWT_SECRET_FILE'],
  ['holds a short secret', () => put('jwt', 'hunter2'), 'JWT_SECRET'],
])('keeps all secrets when a file %s, and logs only the name of its variable', (_case, spoil, name) => {
  const { reload, committed, lines } = start();
  put('admin', 'second-admin');
  spoil();
  for (let count = 0; count < 2; count += 1) {
    const line = reload();
    expect(line).toMatchObject({ level: 'error', variables: [name], msg: REJECTED });
    expect(line['issues']).toEqual([expect.stringContaining(`${name}: `)]);
  }
  expect(committed).toEqual([]);
  expect(lines.join('')).not.toMatch(/hunter2|second-admin|first/);
});

test('commits the next valid secrets after a failed reload', () => {
  const { reload, committed } = start();
  put('developer', '');
  reload();
  put('developer', 'third-developer');
  expect(reload()).toMatchObject({ level: 'info' });
  expect(committed).toHaveLength(1);
});

test('survives any error, and does not log its message, which could quote a secret', () => {
  const { reload, committed, lines } = start(() => {
    throw new Error('cannot use first-key');
  });
  expect(reload()).toMatchObject({ level: 'error', error: { name: 'Error' }, msg: REJECTED });
  expect(committed).toEqual([]);
  expect(lines.join('')).not.toContain('first-key');
});
