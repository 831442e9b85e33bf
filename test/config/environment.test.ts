import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { GOOD, issuesOf, namesOf, SECRET } from '../support/config.ts';

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

  test('that are pipes or devices are issues and never block', () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero'])
      expect(issuesOf({ ...GOOD, ADMIN_TOKEN_FILE: path })).toEqual([
        'ADMIN_TOKEN_FILE: the file is not a regular file',
      ]);
  });

  test('that are empty or missing, or set together with the variable, are issues', () => {
    expect(namesOf({ ...GOOD, JWT_SECRET: undefined, JWT_SECRET_FILE: file('empty', '\n') })).toContain(
      'JWT_SECRET_FILE',
    );
    expect(namesOf({ ...GOOD, ADMIN_TOKEN_FILE: join(directory, 'absent') })).toEqual(['ADMIN_TOKEN_FILE']);
    expect(namesOf({ ...GOOD, JWT_SECRET_FILE: file('both', SECRET) })).toContain('JWT_SECRET');
  });
});
