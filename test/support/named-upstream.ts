import type { Environment } from './child.ts';
import { readDirectory } from './directory.ts';
import { exchange, type TestResponse, type Json } from './http.ts';
import type { NameServer } from './name-server.ts';
import { startProgram, type Program } from './start-program.ts';
import type { Sandbox } from './start-sandbox.ts';
import { goodClaims, newSecret, sign } from './tokens.ts';
import { programEnv } from './world.ts';

/** A loopback name, so that plain http is allowed. The name server decides its addresses. */
export const UPSTREAM = 'localhost';

export interface NamedUpstream {
  readonly program: Program;
  /** Requests a contact that has not been requested before. */
  readonly get: () => Promise<TestResponse>;
  readonly reasons: () => Promise<Json[]>;
}

/** Starts the program with only this name server, in front of a sandbox that it reaches by name. */
export async function startNamedUpstream(
  dns: NameServer,
  sandbox: Sandbox,
  env: Environment = {},
): Promise<NamedUpstream> {
  const secret = newSecret();
  const [org] = readDirectory(await sandbox.directory()).orgs;
  const url = `http://${UPSTREAM}:${sandbox.port}`;
  const program = await startProgram({ ...programEnv({ url }, secret), ...env }, { prefix: dns.prefix });
  const token = sign(goodClaims(org!.id, org!.members[0]!, {}), secret);
  let next = 0;
  return {
    program,
    get: () => exchange(`${program.url}/contacts/${org!.contacts[next++]}`, { token }),
    reasons: async () => (await exchange(`${program.adminUrl}/readyz`)).json().reasons as Json[],
  };
}
