import type { Environment } from './child.ts';
import { readDirectory, type Organization } from './directory.ts';
import { exchange, type TestResponse, type Json, type Options } from './http.ts';
import { startProgram, type Program } from './start-program.ts';
import { startGate, type Gate } from './gate.ts';
import { waitFor } from './wait-for.ts';
import { startSandbox, type Sandbox } from './start-sandbox.ts';
import { goodClaims, newSecret, sign, type Claims } from './tokens.ts';
import { programEnv } from './world.ts';

/** One of several processes that share a Redis and an upstream. */
export interface Member {
  readonly program: Program;
  get(path: string, options?: Options): Promise<TestResponse>;
  invalidate(contactId: string): Promise<TestResponse>;
  /** Returns the readiness report of the admin port. */
  readyz(): Promise<Json>;
  /** Returns the program's log lines without the request lines. */
  events(): Json[];
}

export interface Fleet {
  readonly sandbox: Sandbox;
  /** Forwards calls between the programs and the sandbox. */
  readonly gate: Gate;
  readonly members: readonly Member[];
  readonly org: Organization;
  token(memberId?: string, claims?: Claims): string;
  /** Returns a contact that no test of this file has used before. */
  freshContact(): string;
  /** Resolves when each process has received all earlier requests and forwarded their upstream calls. */
  awaitForwarded(members?: readonly Member[]): Promise<void>;
  /** Starts one more process. */
  add(env?: Environment): Promise<Member>;
  stop(): Promise<void>;
}

/** Starts a sandbox and `size` programs in front of it, all with the same settings. */
export async function startFleet(size: number, env: Environment = {}): Promise<Fleet> {
  const sandbox = await startSandbox();
  const gate = await startGate(sandbox.url);
  const secret = newSecret();
  const [org] = readDirectory(await sandbox.directory()).orgs;
  if (!org) throw new Error('the sandbox has no organization');
  const token = (memberId = org.members[0]!, claims: Claims = {}): string =>
    sign(goodClaims(org.id, memberId, claims), secret);
  const members: Member[] = [];
  let next = 0;

  async function add(more: Environment = {}): Promise<Member> {
    const program = await startProgram({ ...programEnv(gate, secret), ...env, ...more });
    const member: Member = {
      program,
      get: (path, options = {}) => exchange(`${program.url}${path}`, { token: token(), ...options }),
      invalidate: (contactId) =>
        exchange(`${program.adminUrl}/invalidations`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ orgId: org!.id, contactId }),
        }),
      readyz: async () => {
        const answer = await exchange(`${program.adminUrl}/readyz`);
        return { httpStatus: answer.status, ...(answer.json() as object) };
      },
      events: () =>
        program
          .stdout()
          .split('\n')
          .filter((line) => line.startsWith('{') && !line.includes('"route"'))
          .map((line) => JSON.parse(line)),
    };
    members.push(member);
    return member;
  }

  async function stop(): Promise<void> {
    await Promise.all(members.map(({ program }) => program.stop()));
    await gate.stop();
    await sandbox.stop();
  }

  function freshContact(): string {
    const id = org!.contacts[next++];
    if (id === undefined) throw new Error('the sandbox has no more contacts');
    return id;
  }

  try {
    await Promise.all(Array.from({ length: size }, () => add()));
    // A process does not wait for a Redis that is slow to connect.
    await Promise.all(members.map(redisUp));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    sandbox,
    gate,
    members,
    org,
    token,
    freshContact,
    // A request passes the same stages in the same order as the requests before it.
    awaitForwarded: async (some = members) => {
      for (let round = 0; round < 2; round += 1)
        await Promise.all(some.map((member) => member.get(`/contacts/${crypto.randomUUID()}`)));
    },
    add,
    stop,
  };
}

/**
 * Reads through a process without a near cache until Redis has stored the response. Redis runs a connection's
 * commands in order, so a second read follows the first one's store.
 */
export async function readIntoRedis(member: Member, path: string): Promise<void> {
  for (let round = 0; round < 2; round += 1) await member.get(path);
}

/** Resolves when readiness reports no problem with Redis. */
async function redisUp(member: Member): Promise<void> {
  await waitFor(
    'Redis to be up',
    async () => !/"component":"redis/.test(JSON.stringify(await member.readyz())),
  );
}

/** Returns the log messages about Redis outages and recoveries, in order. */
export function redisEvents(member: Member): string[] {
  return member
    .events()
    .map((line: Json) => String(line['msg']))
    .filter((message) => message.startsWith('redis '));
}
