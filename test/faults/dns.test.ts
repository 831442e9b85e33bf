import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../support/child.ts';
import { startNameServer, type NameServer } from '../support/name-server.ts';
import { startNamedUpstream, UPSTREAM, type NamedUpstream } from '../support/named-upstream.ts';
import type { Program } from '../support/start-program.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

/** Half of the time that a connection may take: what a request waits for another name shows. */
const LATE_MS = 500;

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

/** Nothing but the upstream's name is answered. */
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
    'an issuer of keys and Redis',
    {
      ...REDIS,
      JWT_ISSUERS: JSON.stringify({
        'https://keys.example': { jwksUri: 'https://keys.example/keys', audience: 'zyntro-bff' },
      }),
    },
  ],
])('names of %s without an answer', (_title, env) => {
  test('do not delay a request that needs the upstream, nor the end of the program', async () => {
    const { get } = await start(env);
    const answers = [];
    for (let round = 0; round < 23; round += 1) answers.push(await get());
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(LATE_MS);
    expect(await program!.stop(10_000)).toEqual({ code: 0, signal: null });
  });
});

test('readiness says that the name of Redis does not resolve', async () => {
  const { reasons } = await start(REDIS);
  await waitFor('the reason', async () =>
    /EAI_AGAIN.*does not resolve/.test(JSON.stringify(await reasons())),
  );
});

test('a name is looked up once at a time, however many connections need it', async () => {
  const { get } = await start(REDIS);
  const before = dns.asked.length;
  await waitFor('look-ups', async () => {
    await get();
    return dns.asked.slice(before).filter((name) => name === 'redis.example').length >= 8;
  });
  // Four tries for each of two types, over 4.5 s; a look-up per connection would make many more.
  expect(dns.asked.slice(before).filter((name) => name === 'redis.example').length).toBeLessThan(20);
});

test('the last good address of the upstream is used while name servers are silent', async () => {
  const { get } = await start({});
  expect((await get()).status).toBe(200);
  dns.answer(() => undefined);
  await sandbox.setFaults({ delayMs: 100 });
  const before = dns.asked.length;
  const statuses: number[] = [];
  // More calls at a time than before need new connections, whose look-up is due once the address is not fresh.
  for (let parallel = 2; dns.asked.length === before; parallel += 1) {
    const answers = await Promise.all(Array.from({ length: parallel }, () => get()));
    statuses.push(...answers.map(({ status }) => status));
    await sleep(1000);
  }
  await sandbox.clearFaults();
  expect(new Set(statuses)).toEqual(new Set([200]));
}, 60_000);

test('a name that name servers deny is 503', async () => {
  dns.answer(() => []);
  const { get } = await start({});
  expect(await get()).toMatchObject({ status: 503 });
});
