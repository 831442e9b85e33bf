import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT, runNode } from '../support/child.ts';
import { HANG_MS } from '../support/wait-for.ts';
import { writeKeyPair } from '../support/key-pair.ts';
import { AUDIENCE, ISSUER } from '../support/tokens.ts';
import { startWorld } from '../support/world.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-token-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('a running proxy accepts a minted token', () => {
  test('signed with the secret of the proxy, by `npm run token`', async () => {
    const world = await startWorld();
    try {
      const { org, member, contact } = world.directory.reference;
      const env = {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        NODE_ENV: 'production',
        JWT_SECRET: world.secret,
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
      };
      const args = ['run', '--silent', 'token', '--', '--org', org, '--member', member];
      const token = await new Promise<string>((resolve, reject) => {
        execFile('npm', args, { cwd: PROJECT_ROOT, env, timeout: HANG_MS }, (error, stdout, stderr) =>
          error ? reject(new Error(stderr, { cause: error })) : resolve(stdout.trim()),
        );
      });
      expect((await world.get(`/contacts/${contact}`, { token })).status).toBe(200);
      expect((await world.get(`/contacts/${contact}`, { token: `${token}x` })).status).toBe(401);
    } finally {
      await world.stop();
    }
  });

  test.each([
    ['RS256', 'rsa', { modulusLength: 2048 }],
    ['ES384', 'ec', { namedCurve: 'P-384' }],
    ['PS256', 'rsa', { modulusLength: 2048 }],
    ['PS384', 'rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha384', mgf1HashAlgorithm: 'sha384' }],
  ] as const)('signed with %s', async (algorithm, type, options) => {
    const { file, publicKey } = writeKeyPair(directory, type, options);
    const issued = { JWT_ISSUER: 'https://other.test/', JWT_AUDIENCE: 'some', JWT_ALGORITHMS: algorithm };
    const world = await startWorld({ JWT_SECRET: '', JWT_PUBLIC_KEY: publicKey, ...issued });
    try {
      const { org, member, contact } = world.directory.reference;
      const args = ['--org', org, '--member', member, '--key', file];
      const { stdout } = await runNode('src/cli/token.ts', issued, { args, cwd: directory });
      expect((await world.get(`/contacts/${contact}`, { token: stdout.trim() })).status).toBe(200);
    } finally {
      await world.stop();
    }
  });
});
