import { exchange } from './http.ts';
import type { TestResponse, Options } from './http.ts';
import type { Environment, StartOptions } from './child.ts';
import { mustNotBeLogged } from './run-directory.ts';
import { API_KEY, DEVELOPER_SECRET, startSandbox } from './start-sandbox.ts';
import type { Sandbox } from './start-sandbox.ts';
import { startProgram } from './start-program.ts';
import type { Program } from './start-program.ts';
import { AUDIENCE, ISSUER, goodClaims, newSecret, sign } from './tokens.ts';
import type { Claims } from './tokens.ts';
import { readDirectory } from './directory.ts';
import type { Directory } from './directory.ts';

export interface World {
  readonly sandbox: Sandbox;
  readonly program: Program;
  readonly secret: string;
  readonly directory: Directory;
  /** Returns a token of the first organization's first member, unless the claims override it. */
  token(claims?: Claims): string;
  get(path: string, options?: Options): Promise<TestResponse>;
  admin(path: string, options?: Options): Promise<TestResponse>;
  invalidate(contactId: string, org?: string, options?: Options): Promise<TestResponse>;
  /** Returns a contact that no test of this file has used before. */
  freshContact(): string;
  /** Resolves when the program has received all earlier requests and forwarded their upstream calls. */
  awaitForwarded(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one sandbox and one program in front of it. */
export async function startWorld(
  env: Environment | ((sandbox: Sandbox) => Promise<Environment>) = {},
  sandboxEnv: Environment = {},
  options: StartOptions = {},
): Promise<World> {
  const sandbox = await startSandbox(sandboxEnv, options);
  try {
    const directory = readDirectory(await sandbox.directory());
    const secret = newSecret();
    const own = typeof env === 'function' ? await env(sandbox) : env;
    const program = await startProgram({ ...programEnv(sandbox, secret), ...own }, options);
    return world(sandbox, program, secret, directory);
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
}

/** Returns the minimum settings of a program in front of a sandbox. */
export function programEnv(sandbox: { readonly url: string }, secret: string): Environment {
  mustNotBeLogged('credential', secret);
  return {
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    JWT_SECRET: secret,
    ZYNTRO_BASE_URL: sandbox.url,
    ZYNTRO_API_KEY: API_KEY,
    ZYNTRO_DEVELOPER_SECRET: DEVELOPER_SECRET,
    // Long enough when ten processes compete for two cores.
    UPSTREAM_TIMEOUT_MS: '60000',
    REDIS_TIMEOUT_MS: '10000',
  };
}

function world(sandbox: Sandbox, program: Program, secret: string, directory: Directory): World {
  const [first] = directory.orgs;
  if (!first) throw new Error('the sandbox has no organization');
  let next = 0;
  const token = (claims: Claims = {}): string =>
    sign(goodClaims(first.id, first.members[0] ?? '', claims), secret);
  const admin = (path: string, options: Options = {}): Promise<TestResponse> =>
    exchange(`${program.adminUrl}${path}`, options);
  return {
    sandbox,
    program,
    secret,
    directory,
    token,
    get: (path, options = {}) => exchange(`${program.url}${path}`, { token: token(), ...options }),
    admin,
    invalidate: (contactId, org = first.id, options = {}) =>
      admin('/invalidations', {
        ...options,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ orgId: org, contactId }),
      }),
    freshContact: () => {
      const id = first.contacts[next++];
      if (id === undefined) throw new Error('the sandbox has no more contacts');
      return id;
    },
    // A request passes the same stages in the same order as the requests before it.
    awaitForwarded: async () => {
      for (let round = 0; round < 2; round += 1)
        await exchange(`${program.url}/contacts/${crypto.randomUUID()}`, { token: token() });
    },
    stop: async () => {
      await program.stop();
      await sandbox.stop();
    },
  };
}
