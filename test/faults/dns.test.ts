import { setTimeout as sleep } from 'node:timers/promises';
import { runNode, type Environment } from '../support/child.ts';
import { startNameServer, type NameServer } from '../support/name-server.ts';
import { startNamedUpstream, UPSTREAM, type NamedUpstream } from '../support/named-upstream.ts';
import type { Program } from '../support/start-program.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

/** Half of the connect timeout. A request that waits for another name's look-up takes longer. */
const LATE_MS = 500;
/** Two attempts of 5 s, the defaults of resolv.conf(5). */
const RESOLVER_TIMEOUT_MS = 10_000;

let dns: NameServer;
let sandbox: Sandbox;
let program: Program | undefined;
beforeAll(async () => {
  dns = await startNameServer(upstreamAlone);
  sandbox = await startSandbox();
});
afterEach(async () => {
  await program?.stop();
  dns.answer(upstreamAlone);
});
afterAll(async () => {
  await sandbox?.stop();
  dns?.stop();
});

/** Resolves the upstream's name and does not respond to queries for other names. */
function upstreamAlone(name: string): readonly string[] | undefined {
  return name === UPSTREAM ? ['127.0.0.1'] : undefined;
}

async function start(env: Environment): Promise<NamedUpstream> {
  const named = await startNamedUpstream(dns, sandbox, env);
  ({ program } = named);
  return named;
}

const REDIS = { REDIS_URL: 'redis://redis.example:6379' };
const COLLECTOR = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318',
  OTEL_BSP_SCHEDULE_DELAY: '100',
};

describe.each<[string, Environment]>([
  ['Redis', REDIS],
  ['Redis and the OTLP collector', { ...REDIS, ...COLLECTOR }],
  [
    'three Sentinels and the OTLP collector',
    {
      REDIS_MODE: 'sentinel',
      REDIS_SENTINEL_NAME: 'main',
      REDIS_NODES: 'one.example,two.example,three.example',
      ...COLLECTOR,
    },
  ],
  ['the nodes of a Cluster', { REDIS_MODE: 'cluster', REDIS_NODES: 'one.example,two.example,three.example' }],
  [
    'a JWKS issuer and Redis',
    {
      ...REDIS,
      JWT_ISSUERS: JSON.stringify({
        'https://keys.example': { jwksUri: 'https://keys.example/keys', audience: 'zyntro-bff' },
      }),
    },
  ],
])('unresponsive DNS for %s', (_title, env) => {
  test('does not delay requests to the upstream or the shutdown', async () => {
    const { get } = await start(env);
    const answers = [];
    for (let round = 0; round < 23; round += 1) answers.push(await get());
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(LATE_MS);
    expect(await program!.stop(10_000)).toEqual({ code: 0, signal: null });
  });
});

test('reports in readiness that the Redis host name does not resolve', async () => {
  const { reasons } = await start(REDIS);
  await waitFor('the reason in readiness', async () =>
    /EAI_AGAIN.*does not resolve/.test(JSON.stringify(await reasons())),
  );
});

test('shares one DNS look-up between all connections that need the name', async () => {
  const { get } = await start(REDIS);
  const before = dns.queries.length;
  await waitFor('eight DNS queries', async () => {
    await get();
    return dns.queries.slice(before).filter((name) => name === 'redis.example').length >= 8;
  });
  // One look-up makes four attempts for each of two record types, over 4.5 s.
  expect(dns.queries.slice(before).filter((name) => name === 'redis.example').length).toBeLessThan(20);
});

test('uses the last known upstream address while name servers do not respond', async () => {
  const { get } = await start({});
  expect((await get()).status).toBe(200);
  dns.answer(() => undefined);
  await sandbox.setFaults({ delayMs: 100 });
  const before = dns.queries.length;
  const statuses: number[] = [];
  // More parallel calls need new connections, which look the name up when the cached address has expired.
  for (let parallel = 2; dns.queries.length === before; parallel += 1) {
    const answers = await Promise.all(Array.from({ length: parallel }, () => get()));
    statuses.push(...answers.map(({ status }) => status));
    await sleep(1000);
  }
  await sandbox.clearFaults();
  expect(new Set(statuses)).toEqual(new Set([200]));
}, 60_000);

test('returns 503 when the upstream host name does not exist', async () => {
  dns.answer(() => []);
  const { get } = await start({});
  expect(await get()).toMatchObject({ status: 503 });
});

test('exits with 78 for a configuration issue before the look-ups of the two hosts end', async () => {
  let queriedAt: number | undefined;
  dns.answer(() => {
    queriedAt ??= performance.now();
    return undefined;
  });
  const env = { HOST: 'one.example', ADMIN_HOST: 'two.example' };
  const { code, stderr } = await runNode('src/main.ts', env, { prefix: dns.prefix });
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining('JWT_SECRET') });
  expect(performance.now() - queriedAt!).toBeLessThan(RESOLVER_TIMEOUT_MS);
});
