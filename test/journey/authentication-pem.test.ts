import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Algorithm } from 'jsonwebtoken';
import { expectProblem } from '../support/problem.ts';
import { startProgram } from '../support/start-program.ts';
import type { Program } from '../support/start-program.ts';
import { startSandbox } from '../support/start-sandbox.ts';
import type { Sandbox } from '../support/start-sandbox.ts';
import { goodClaims, newSecret, sign, signByHand } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';
import { readDirectory } from '../support/directory.ts';
import type { Directory } from '../support/directory.ts';
import { exchange } from '../support/http.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

let sandbox: Sandbox;
let directory: Directory;
beforeAll(async () => {
  sandbox = await startSandbox();
  directory = readDirectory(await sandbox.directory());
});
afterAll(() => sandbox?.stop());

function pemProgram(key: KeyObject, algorithms?: string): Promise<Program> {
  const { JWT_SECRET: _, ...env } = programEnv(sandbox, newSecret());
  const list = algorithms === undefined ? {} : { JWT_ALGORITHMS: algorithms };
  return startProgram({ ...env, JWT_PUBLIC_KEY: pem(key), ...list });
}

const claims = () => goodClaims(directory.orgs[0]?.id ?? '', directory.orgs[0]?.members[0] ?? '');
const contact = (index: number): string => directory.orgs[0]?.contacts[index] ?? '';
const get = (program: Program, token: string) => exchange(`${program.url}/contacts/${contact(0)}`, { token });

describe('JWT_PUBLIC_KEY with an RSA key', () => {
  let program: Program;
  beforeAll(async () => void (program = await pemProgram(rsa.publicKey, 'RS256,PS256')));
  afterAll(() => program?.stop());

  test.each(['RS256', 'PS256'] as Algorithm[])(
    'accepts %s signed with its private key',
    async (algorithm) => {
      expect((await get(program, sign(claims(), rsa.privateKey, algorithm))).status).toBe(200);
    },
  );

  test.each(['RS384', 'RS512', 'PS384'] as Algorithm[])(
    'refuses %s, which is not in JWT_ALGORITHMS',
    async (algorithm) => {
      expectProblem(await get(program, sign(claims(), rsa.privateKey, algorithm)), 401, 'INVALID_TOKEN');
    },
  );

  test('refuses another RSA key and an EC key', async () => {
    expectProblem(await get(program, sign(claims(), otherRsa.privateKey, 'RS256')), 401, 'INVALID_TOKEN');
    expectProblem(await get(program, sign(claims(), ec.privateKey, 'ES256')), 401, 'INVALID_TOKEN');
  });

  test('refuses an HMAC keyed with the public key', async () => {
    const forms = [pem(rsa.publicKey), pem(rsa.publicKey).trim(), pem(rsa.publicKey).replaceAll('\n', '')];
    for (const secret of forms) {
      const token = signByHand({ alg: 'HS256', typ: 'JWT' }, claims(), secret);
      expectProblem(await get(program, token), 401, 'INVALID_TOKEN');
    }
  });

  test('refuses a key embedded in the token header', async () => {
    const jwk = otherRsa.publicKey.export({ format: 'jwk' });
    const [, payload] = sign(claims(), otherRsa.privateKey, 'RS256').split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', jwk })).toString('base64url');
    const { createSign } = await import('node:crypto');
    const signature = createSign('RSA-SHA256').update(`${header}.${payload}`).sign(otherRsa.privateKey);
    const token = `${header}.${payload}.${signature.toString('base64url')}`;
    expectProblem(await get(program, token), 401, 'INVALID_TOKEN');
  });
});

describe('JWT_PUBLIC_KEY with an EC key', () => {
  let program: Program;
  beforeAll(async () => void (program = await pemProgram(ec.publicKey, 'ES256')));
  afterAll(() => program?.stop());

  test('accepts ES256', async () => {
    expect((await get(program, sign(claims(), ec.privateKey, 'ES256'))).status).toBe(200);
  });

  test('refuses RS256, and HS256 keyed with its PEM', async () => {
    expectProblem(await get(program, sign(claims(), rsa.privateKey, 'RS256')), 401, 'INVALID_TOKEN');
    const token = signByHand({ alg: 'HS256', typ: 'JWT' }, claims(), pem(ec.publicKey));
    expectProblem(await get(program, token), 401, 'INVALID_TOKEN');
  });

  test.each([0, 1, 63, 65, 72, 128])('refuses a signature of %d bytes', async (length) => {
    const [header, payload] = sign(claims(), ec.privateKey, 'ES256').split('.');
    const signature = Buffer.alloc(length, 1).toString('base64url');
    expectProblem(await get(program, `${header}.${payload}.${signature}`), 401, 'INVALID_TOKEN');
  });
});

test('without JWT_ALGORITHMS an RSA key refuses HS256', async () => {
  const program = await pemProgram(rsa.publicKey);
  try {
    expect((await get(program, sign(claims(), rsa.privateKey, 'RS256'))).status).toBe(200);
    const forged = signByHand({ alg: 'HS256', typ: 'JWT' }, claims(), pem(rsa.publicKey));
    expectProblem(await get(program, forged), 401, 'INVALID_TOKEN');
  } finally {
    await program.stop();
  }
});
