import { randomUUID } from 'node:crypto';
import type { Environment } from './child.ts';
import { startFleet, type Fleet, type Member } from './fleet.ts';
import type { TestResponse, Options } from './http.ts';
import { openApiCheck, readDocument } from './openapi-contract.ts';
import { startRedis, type RedisServer } from './redis/redis-server.ts';
import type { UpstreamCall } from './start-sandbox.ts';

/** All scopes that reading and writing need, except the one for any contact. */
export const ALL_SCOPES =
  'contacts:read notes:write contacts:write activities:write contacts:create contacts:lookup members:read';
export const ANY_SCOPE = `${ALL_SCOPES} contacts:write:any`;

/** Sends requests, and throws if a response is not what the OpenAPI document says. */
export interface Client {
  readonly member: string;
  get(path: string, options?: Options): Promise<TestResponse>;
  send(method: string, path: string, body: unknown, options?: Options): Promise<TestResponse>;
}

export interface WriteWorld {
  readonly fleet: Fleet;
  readonly redis: RedisServer;
  /** Returns a client with a token of this member. All requests of one client have one subject. */
  client(member: string, scope?: string, process?: Member): Client;
  /** Returns a contact that no test has used, with its owner and a member who is not its owner. */
  contact(): Promise<{ readonly id: string; readonly owner: string; readonly other: string }>;
  /** Returns the calls of an operation about a contact. */
  calls(operation: string, contact?: string): Promise<readonly UpstreamCall[]>;
  stop(): Promise<void>;
}

const requireConformity = openApiCheck(readDocument());

async function conforming(
  method: string,
  path: string,
  pending: Promise<TestResponse>,
): Promise<TestResponse> {
  const answer = await pending;
  requireConformity(method, path, answer);
  return answer;
}

/** Starts processes that share a Redis, in front of a sandbox. */
export async function startWriteWorld(size = 1, env: Environment = {}): Promise<WriteWorld> {
  const redis = await startRedis();
  try {
    const fleet = await startFleet(size, {
      REDIS_URL: redis.url,
      RATE_LIMIT_TIERS: '{"default":{"limit":1000000,"windowS":60}}',
      ...env,
    });
    return writeWorld(fleet, redis);
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

function writeWorld(fleet: Fleet, redis: RedisServer): WriteWorld {
  const [first] = fleet.members;
  const client: WriteWorld['client'] = (member, scope = ALL_SCOPES, process = first!) => {
    const token = fleet.token(member, { scope, sub: `subject-${member}-${scope.length}` });
    return {
      member,
      get: (path, options = {}) =>
        conforming(options.method ?? 'GET', path, process.get(path, { token, ...options })),
      send: (method, path, body, options = {}) =>
        conforming(
          method,
          path,
          process.get(path, {
            token,
            method,
            body: JSON.stringify(body),
            ...options,
            headers: { 'content-type': 'application/json', ...options.headers },
          }),
        ),
    };
  };
  return {
    fleet,
    redis,
    client,
    async contact() {
      const id = fleet.freshContact();
      const answer = await client(fleet.org.members[0]!).get(`/contacts/${id}`);
      const { owner } = answer.json().data.contact;
      return { id, owner, other: fleet.org.members.find((member) => member !== owner)! };
    },
    calls: async (operation, contact) =>
      (await fleet.sandbox.calls()).filter(
        (call) => call.operation === operation && (contact === undefined || call.contactId === contact),
      ),
    async stop() {
      await fleet.stop();
      await redis.stop();
    },
  };
}

/** Returns a header with a new idempotency key. */
export function newKey(): { readonly 'idempotency-key': string } {
  return { 'idempotency-key': `"${randomUUID()}"` };
}
