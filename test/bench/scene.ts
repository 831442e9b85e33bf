import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Redis } from 'ioredis';
import flags from '../../src/node-flags.json' with { type: 'json' };
import { PROJECT_ROOT, type Environment } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { installRedis } from '../support/redis/install-redis.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';
import { goodClaims, newSecret, sign } from '../support/tokens.ts';
import { programEnv } from '../support/world.ts';
import { contactKey } from './peers/peer.ts';
import { LOAD_CORE, pin } from './pinned.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { installWrk, writeRequests, type BenchRequest } from './wrk.ts';

/** Rate limit that is counted like any other but never reached. */
const TIERS = JSON.stringify({ default: { limit: 1_000_000_000, windowS: 60 } });
/** Node flags of `npm start`. */
const START_FLAGS = flags as readonly string[];

/** Environment of `npm start`. */
const AS_NPM_START = { NODE_COMPILE_CACHE: path.join(PROJECT_ROOT, 'node_modules/.cache/compiled') };
const USERS = 256;
const DAY_S = 86_400;

/** The environment of the server under test: Redis, upstream and requests. */
export interface Scene {
  readonly directory: string;
  readonly redisUrl: string;
  readonly upstreamUrl: string;
  /** One request per user, each with its own token and contact. */
  readonly requests: readonly BenchRequest[];
  /** File with these requests in the format of the load generator. */
  readonly requestsFile: string;
  token(scope?: string): string;
  file(name: string): string;
  /** Starts the proxy as shipped, with every feature on; `env` overrides settings. */
  startProxy(env?: Environment, options?: ProxyOptions): Promise<ServerProcess>;
  startPeer(name: string): Promise<ServerProcess>;
  /** Stores the proxy's response bodies in Redis for the peers, and the one of median size in a file. */
  stockPeers(proxy: ServerProcess): Promise<void>;
  stop(): Promise<void>;
}

export interface ProxyOptions {
  readonly nodeArgs?: readonly string[];
  readonly cores?: string;
  /** Runs without Redis, with the memory store. */
  readonly embedded?: boolean;
}

/** Default timeouts of the program. The settings of tests are longer. */
const DEFAULTS: Environment = { UPSTREAM_TIMEOUT_MS: '5000', REDIS_TIMEOUT_MS: '80' };

export async function openScene(): Promise<Scene> {
  installRedis();
  installWrk();
  // Later children inherit the cores. The servers under test are then pinned to their own core.
  pin(process.pid, LOAD_CORE);
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-bench-'));
  const file = (name: string): string => path.join(directory, name);
  const secret = newSecret();
  const redis = await startRedis();
  const upstream = await startServer({
    entry: 'test/bench/upstream.ts',
    env: {},
    logFile: file('upstream.log'),
    cores: LOAD_CORE,
  });
  const upstreamUrl = `http://127.0.0.1:${upstream.port}`;
  const env: Environment = {
    ...programEnv({ url: upstreamUrl }, secret),
    ...DEFAULTS,
    RATE_LIMIT_TIERS: TIERS,
  };
  const token = (scope?: string): string => {
    const exp = Math.floor(Date.now() / 1000) + DAY_S;
    return sign(goodClaims(ORG, OWNER, { exp, ...(scope !== undefined && { scope }) }), secret);
  };
  const requests = Array.from({ length: USERS }, () => ({
    path: `/contacts/${randomUUID()}`,
    token: token(),
  }));
  const requestsFile = file('requests');
  writeRequests(requestsFile, requests);
  const bodyFile = file('body');
  let started = 0;

  async function stockPeers(proxy: ServerProcess): Promise<void> {
    const client = new Redis(redis.url);
    const bodies: Buffer[] = [];
    for (const { path: at, token: bearer } of requests) {
      const answer = await exchange(`http://127.0.0.1:${proxy.port}${at}`, { token: bearer });
      if (answer.status !== 200) throw new Error(`the proxy returned ${answer.status}: ${answer.text}`);
      bodies.push(answer.body);
      const key = contactKey({ org_id: ORG, member_id: OWNER }, at.slice('/contacts/'.length));
      await client.set(key, answer.body);
    }
    client.disconnect();
    const bySize = bodies.toSorted((a, b) => a.length - b.length);
    writeFileSync(bodyFile, bySize[bySize.length >> 1]!);
  }

  return {
    directory,
    redisUrl: redis.url,
    upstreamUrl,
    requests,
    requestsFile,
    token,
    file,
    startProxy: (changes = {}, { embedded = false, nodeArgs = [], ...options } = {}) =>
      startServer({
        entry: 'src/main.ts',
        env: { ...env, ...AS_NPM_START, ...(embedded ? {} : { REDIS_URL: redis.url }), ...changes },
        logFile: file(`proxy-${(started += 1)}.log`),
        nodeArgs: [...START_FLAGS, ...nodeArgs],
        ...options,
      }),
    startPeer: (name) =>
      startServer({
        entry: `test/bench/peers/${name}.ts`,
        env: { ...env, REDIS_URL: redis.url, BENCH_BODY_FILE: bodyFile },
        logFile: file(`${name}.log`),
      }),
    stockPeers,
    stop: async () => {
      await upstream.stop();
      await redis.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
