import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exchange } from '../support/http.ts';
import { expectProblem } from '../support/problem.ts';
import { readDirectory } from '../support/directory.ts';
import type { Directory } from '../support/directory.ts';
import { startProgram } from '../support/start-program.ts';
import { API_KEY, DEVELOPER_SECRET, startSandbox } from '../support/start-sandbox.ts';
import type { Sandbox } from '../support/start-sandbox.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';

let sandbox: Sandbox;
let directory: Directory;
let files: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  directory = readDirectory(await sandbox.directory());
  files = mkdtempSync(path.join(os.tmpdir(), 'zyntro-bff-test-secrets-'));
});
afterAll(async () => {
  rmSync(files, { recursive: true, force: true });
  await sandbox?.stop();
});

const secret = newSecret();
const PAIR = { apiKey: API_KEY, developerSecret: DEVELOPER_SECRET };

function withoutPair(): Record<string, string> {
  const { ZYNTRO_API_KEY: _, ZYNTRO_DEVELOPER_SECRET: __, ...env } = programEnv(sandbox, secret);
  return env;
}

function secretFile(name: string, content: string): string {
  const file = path.join(files, `${name}-${randomUUID()}`);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

describe('ZYNTRO_CREDENTIALS', () => {
  test('serves only the listed organizations', async () => {
    const [org, other] = directory.orgs;
    const credentials = JSON.stringify({ [String(org?.id)]: PAIR });
    const program = await startProgram({ ...withoutPair(), ZYNTRO_CREDENTIALS: credentials });
    try {
      const get = (orgId = '', member = '', id = '') =>
        exchange(`${program.url}/contacts/${id}`, { token: sign(goodClaims(orgId, member), secret) });
      const [first = '', second = ''] = org?.contacts ?? [];
      expect((await get(org?.id, org?.members[0], first)).status).toBe(200);
      expect((await get(org?.id.toUpperCase(), org?.members[0], second)).status).toBe(200);
      const before = (await sandbox.calls()).length;
      const refused = await get(other?.id, other?.members[0], other?.contacts[0]);
      expectProblem(refused, 403, 'ORG_NOT_CONFIGURED');
      expectProblem(await get(randomUUID(), org?.members[0], first), 403, 'ORG_NOT_CONFIGURED');
      const scope = 'contacts:read contacts:lookup';
      const lookup = await exchange(`${program.url}/contacts/lookup`, {
        method: 'POST',
        token: sign(goodClaims(other?.id ?? '', other?.members[0] ?? '', { scope }), secret),
        headers: { 'content-type': 'application/json' },
        body: '{"email":"jane.smith@example.com"}',
      });
      expectProblem(lookup, 403, 'ORG_NOT_CONFIGURED');
      expect(await sandbox.calls()).toHaveLength(before);
    } finally {
      await program.stop();
    }
  });

  test('uses the credentials of each organization', async () => {
    const [org, other] = directory.orgs;
    const credentials = JSON.stringify({
      [String(org?.id).toUpperCase()]: PAIR,
      [String(other?.id)]: { apiKey: 'not-the-key-at-all', developerSecret: 'zdk_not_the_secret' },
    });
    const program = await startProgram({ ...withoutPair(), ZYNTRO_CREDENTIALS: credentials });
    try {
      const get = (which = org) =>
        exchange(`${program.url}/contacts/${which?.contacts[2]}`, {
          token: sign(goodClaims(which?.id ?? '', which?.members[0] ?? ''), secret),
        });
      expectProblem(await get(other), 502, 'UPSTREAM_CREDENTIALS_REJECTED');
      expect((await get(org)).status).toBe(200);
      // A successful call of one organization does not clear the rejected credentials of another.
      const ready = await exchange(`${program.adminUrl}/readyz`);
      expect(ready.json().status).toBe('degraded');
    } finally {
      await program.stop();
    }
  });
});

describe('secrets read from files', () => {
  test('<NAME>_FILE is read with or without a trailing line feed', async () => {
    const { JWT_SECRET: _, ...env } = withoutPair();
    const program = await startProgram({
      ...env,
      JWT_SECRET_FILE: secretFile('jwt', `${secret}\n`),
      ZYNTRO_API_KEY_FILE: secretFile('key', API_KEY),
      ZYNTRO_DEVELOPER_SECRET_FILE: secretFile('developer', `${DEVELOPER_SECRET}\n`),
    });
    try {
      const [org] = directory.orgs;
      const token = sign(goodClaims(org?.id ?? '', org?.members[0] ?? ''), secret);
      const answer = await exchange(`${program.url}/contacts/${org?.contacts[3]}`, { token });
      expect(answer.status).toBe(200);
    } finally {
      await program.stop();
    }
  });

  test('ZYNTRO_CREDENTIALS_FILE is read', async () => {
    const [org] = directory.orgs;
    const map = secretFile('map', JSON.stringify({ [String(org?.id)]: PAIR }));
    const program = await startProgram({ ...withoutPair(), ZYNTRO_CREDENTIALS_FILE: map });
    try {
      const token = sign(goodClaims(org?.id ?? '', org?.members[0] ?? ''), secret);
      expect((await exchange(`${program.url}/contacts/${org?.contacts[4]}`, { token })).status).toBe(200);
    } finally {
      await program.stop();
    }
  });
});

test('returns 502 without details when the upstream rejects the credentials', async () => {
  const env = { ...programEnv(sandbox, secret), ZYNTRO_DEVELOPER_SECRET: 'zdk_mistyped_by_somebody' };
  const program = await startProgram(env);
  try {
    const [org] = directory.orgs;
    const token = sign(goodClaims(org?.id ?? '', org?.members[0] ?? ''), secret);
    const answer = await exchange(`${program.url}/contacts/${org?.contacts[5]}`, { token });
    expectProblem(answer, 502, 'UPSTREAM_CREDENTIALS_REJECTED');
    expect(answer.text).not.toMatch(/developer|secret|api.?key|zdk_/i);
  } finally {
    await program.stop();
  }
});
