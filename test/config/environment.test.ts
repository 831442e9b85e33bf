import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, VARIABLES } from '../../src/config/index.ts';
import type { Variable } from '../../src/config/variable.ts';
import { GOOD, issuesOf, namesOf, SECRET } from '../support/config.ts';

const SECRETS = Object.entries<Variable<unknown>>(VARIABLES).flatMap(([name, { secret }]) =>
  secret ? [name] : [],
);

describe('secrets in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zyntro-bff-config-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };

  const BOM = '\uFEFF';
  test.each([
    ['changes', SECRET],
    ['a line end', `${SECRET}\n`],
    ['CRLF', `${SECRET}\r\n`],
    ['several line ends', `${SECRET}\r\n\n`],
    ['a byte order mark', `${BOM}${SECRET}`],
    ['a byte order mark and a line end', `${BOM}${SECRET}\n`],
  ])('are read without %s', (_name, content) => {
    const env = { ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('jwt', content) };
    const [key] = loadConfig(env).auth.issuers[0]!.keys;
    expect(key!.key.export().toString('utf8')).toBe(SECRET);
  });

  test('in PEM and JSON are read after a byte order mark', () => {
    const { publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const tiers = { internal: { publicKey, audience: 'a' } };
    const { JWT_SECRET: _, ...rest } = GOOD;
    const env = {
      ...rest,
      JWT_PUBLIC_KEY_FILE: file('pem', `${BOM}${publicKey.replaceAll('\n', '\r\n')}`),
      JWT_ISSUERS_FILE: file('issuers', `${BOM}${JSON.stringify(tiers, null, 2)}\r\n`),
    };
    expect(loadConfig(env).auth.issuers).toHaveLength(2);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['little-endian UTF-16', Buffer.from(`${BOM}hunter2`, 'utf16le'), /is UTF-16 or binary/],
    ['big-endian UTF-16', Buffer.from(`${BOM}hunter2`, 'utf16le').swap16(), /is UTF-16 or binary/],
    ['UTF-16 without a byte order mark', Buffer.from('hunter2', 'utf16le'), /is UTF-16 or binary/],
    ['Latin-1', Buffer.from('hunter2é', 'latin1'), /is not UTF-8/],
    ['a zero-width space', 'hunter2\u200B', /contains .* an invisible character/],
    ['a no-break space inside', 'hunter\u00A02', /contains .* a space that is not ASCII/],
    ['a line end inside', 'hunter\n2', /contains a control character/],
    ['quotes around it', '"hunter2"\n', /is in quotes/],
    ['a placeholder', '${hunter2}', /is a placeholder/],
    ['more than 1 MiB', 'hunter2'.repeat(200_000), /is over 1 MiB/],
  ])('with %s are one issue with the name and without the value', (_name, content, reason) => {
    writeFileSync(join(directory, 'secret'), content);
    for (const name of ['ZYNTRO_API_KEY', 'JWT_SECRET', 'ADMIN_TOKEN', 'REDIS_PASSWORD']) {
      const issues = issuesOf({ ...GOOD, [name]: undefined, [`${name}_FILE`]: join(directory, 'secret') });
      expect(issues).toEqual([expect.stringMatching(`^${name}_FILE: the `)]);
      expect(issues[0]).toMatch(reason);
      expect(issues[0]).not.toContain('hunter');
    }
  });

  test.each([
    ['a pipe', 'not a regular file', () => execFileSync('mkfifo', [join(directory, 'a pipe')])],
    ['a directory', 'a directory', () => mkdirSync(join(directory, 'a directory'))],
    ['a device', 'not a regular file', () => symlinkSync('/dev/zero', join(directory, 'a device'))],
  ])('that are %s are an issue of every secret and never block', (name, reason, create) => {
    create();
    const path = join(directory, name);
    const { JWT_SECRET: _, ZYNTRO_API_KEY: __, ZYNTRO_DEVELOPER_SECRET: ___, ...rest } = GOOD;
    const files = SECRETS.map((secret) => `${secret}_FILE`);
    expect(files.length).toBeGreaterThan(10);
    expect(issuesOf({ ...rest, ...Object.fromEntries(files.map((file) => [file, path])) })).toEqual(
      files.map((file) => `${file}: the file is ${reason}`).toSorted(),
    );
  });

  test('that are empty or missing, or set together with the variable, are issues', () => {
    expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('empty', '\n') })).toContain(
      'JWT_SECRET_FILE',
    );
    expect(namesOf({ ...GOOD, ADMIN_TOKEN_FILE: join(directory, 'absent') })).toEqual(['ADMIN_TOKEN_FILE']);
    expect(namesOf({ ...GOOD, JWT_SECRET_FILE: file('both', SECRET) })).toContain('JWT_SECRET');
  });
});
