import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Redis } from 'ioredis';
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

/** A limit for everybody that is counted like any other and never reached. */
const TIERS = JSON.stringify({ default: { limit: 1_000_000_000, windowS: 60 } });
/** The flags that `npm start` gives to Node. */
const START_FLAGS = startFlags();

function startFlags(): readonly string[] {
  const file = readFileSync(path.join(PROJECT_ROOT, 'package.json'), 'utf8');
  const { start } = (JSON.parse(file) as { scripts: { start: string } }).scripts;
  return start.split(' ').filter((word) => word.startsWith('--'));
}

/** What `npm start` sets. */
const AS_NPM_START = { NODE_COMPILE_CACHE: path.join(PROJECT_ROOT, 'node_modules/.cache/compiled') };
const USERS = 256;
const DAY_S = 86_400;

/** What every measurement needs around the server under test. */
export interface Scene {
  readonly directory: string;
  readonly redisUrl: string;
  readonly upstreamUrl: string;
  /** One request for each user, each with a token and a contact of its own. */
  readonly requests: readonly BenchRequest[];
  /** A file of these requests, as the load generator takes it. */
  readonly requestsFile: string;
  token(): string;
  file(name: string): string;
  /** The proxy as shipped, every feature on; `env` changes settings. */
  startProxy(env?: Environment, options?: ProxyOptions): Promise<ServerProcess>;
  startPeer(name: string): Promise<ServerProcess>;
  /** Puts what the proxy answers where the peers find it, and the median of the bodies into a file. */
  stockPeers(proxy: ServerProcess): Promise<void>;
  stop(): Promise<void>;
}

export interface ProxyOptions {
  readonly nodeArgs?: readonly string[];
  readonly cores?: string;
  /** Leaves Redis out: the embedded cache. */
  readonly embedded?: boolean;
}

/** The limits that the program has by itself; tests give it more time. */
const DEFAULTS: Environment = { UPSTREAM_TIMEOUT_MS: '5000', REDIS_TIMEOUT_MS: '80' };

export async function openScene(): Promise<Scene> {
  installRedis();
  installWrk();
  // Whatever is started from here on inherits it: the servers under test are moved away.
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
  const token = (): string =>
    sign(goodClaims(ORG, OWNER, { exp: Math.floor(Date.now() / 1000) + DAY_S }), secret);
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
      if (answer.status !== 200) throw new Error(`the proxy answered ${answer.status}: ${answer.text}`);
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
