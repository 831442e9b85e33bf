import { makeCertificates, type CertificateOptions } from '../support/certificates.ts';
import { readIntoRedis, startFleet, type Fleet } from '../support/fleet.ts';
import type { Environment } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { healthy } from '../support/outage.ts';
import { startCluster } from '../support/redis/redis-cluster.ts';
import { startSentinels } from '../support/redis/redis-sentinel.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const BY_NAME: CertificateOptions = { altName: 'DNS:localhost' };
const named = (addresses: string) => addresses.replaceAll('127.0.0.1', 'localhost');

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(0, { CACHE_L1_MAX_MB: '0' });
});
afterAll(() => fleet?.stop());

/** Expects two processes to share entries, and one to receive the other's invalidations. */
async function expectToShare(env: Environment): Promise<void> {
  const [one, two] = await Promise.all([fleet.add(env), fleet.add(env)]);
  await Promise.all([healthy(one), healthy(two)]);
  for (let round = 0; round < 5; round += 1) {
    const id = fleet.freshContact();
    await readIntoRedis(one, `/contacts/${id}`);
    expect((await two.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/; hit;/);
    expect((await one.invalidate(id)).status).toBe(204);
    expect((await two.get(`/contacts/${id}`)).headers['cache-status']).toMatch(/fwd=miss/);
  }
  await Promise.all([one.program.stop(), two.program.stop()]);
}

describe('a Cluster over TLS', () => {
  test.each<[string, CertificateOptions, string[], string]>([
    [
      'names, nodes announced by name',
      BY_NAME,
      ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
      'localhost',
    ],
    ['names, nodes announced by address', BY_NAME, [], 'localhost'],
    ['addresses', {}, [], '127.0.0.1'],
  ])('is used if its certificate is for %s', async (_title, certificate, args, host) => {
    const certificates = makeCertificates(certificate);
    const cluster = await startCluster({ certificates, args });
    try {
      await expectToShare({
        REDIS_MODE: 'cluster',
        REDIS_URL: `rediss://${host}:${cluster.nodes[0]!.port}`,
        REDIS_NODES: cluster.addresses.replaceAll('127.0.0.1', host),
        NODE_EXTRA_CA_CERTS: certificates.ca,
      });
    } finally {
      await cluster.stop();
      certificates.remove();
    }
  });
});

test('uses Sentinels and their master over TLS when their certificate is for host names', async () => {
  const certificates = makeCertificates(BY_NAME);
  const sentinels = await startSentinels(certificates);
  try {
    await expectToShare({
      REDIS_MODE: 'sentinel',
      REDIS_URL: 'rediss://localhost',
      REDIS_NODES: named(sentinels.addresses),
      REDIS_SENTINEL_NAME: sentinels.name,
      NODE_EXTRA_CA_CERTS: certificates.ca,
    });
  } finally {
    await sentinels.stop();
    certificates.remove();
  }
});

describe('a rejected certificate', () => {
  const SETTINGS: Readonly<Record<string, (port: number) => Environment>> = {
    standalone: (port) => ({ REDIS_URL: `rediss://localhost:${port}` }),
    cluster: (port) => ({ REDIS_MODE: 'cluster', REDIS_URL: `rediss://localhost:${port}` }),
    sentinel: (port) => ({
      REDIS_MODE: 'sentinel',
      REDIS_URL: 'rediss://localhost',
      REDIS_NODES: `localhost:${port}`,
      REDIS_SENTINEL_NAME: 'main',
    }),
  };
  const FAULTS: readonly [string, CertificateOptions, boolean, RegExp][] = [
    [
      'is for another name',
      { altName: 'DNS:other.example' },
      true,
      /ERR_TLS_CERT_ALTNAME_INVALID.*another host/,
    ],
    ['has expired', { ...BY_NAME, expired: true }, true, /CERT_HAS_EXPIRED.*has expired/],
    ['is of an unknown authority', BY_NAME, false, /CERT.*not trusted.*NODE_EXTRA_CA_CERTS/],
  ];

  test.each(
    FAULTS.flatMap(([title, options, isTrusted, reason]) =>
      Object.keys(SETTINGS).map((mode) => [title, mode, options, isTrusted, reason] as const),
    ),
  )(
    'readiness gives the reason when it %s, and requests succeed (%s)',
    async (_title, mode, options, isTrusted, reason) => {
      const certificates = makeCertificates(options);
      const cluster = ['--cluster-enabled', 'yes', '--tls-cluster', 'yes'];
      const redis = await startRedis({
        args: (port) => [...certificates.serverArgs(port), ...(mode === 'cluster' ? cluster : [])],
        cliArgs: ['--tls', '--insecure'],
        ...(mode === 'sentinel' && { sentinelConfig: 'sentinel monitor main 127.0.0.1 6379 1\n' }),
      });
      try {
        if (mode === 'cluster') await redis.cli('cluster', 'addslotsrange', '0', '16383');
        const trust: Environment = isTrusted ? { NODE_EXTRA_CA_CERTS: certificates.ca } : {};
        const member = await fleet.add({ ...SETTINGS[mode]!(redis.port), ...trust });
        await waitFor('the reason in readiness', async () => {
          expect((await member.get(`/contacts/${crypto.randomUUID()}`)).status).toBe(404);
          const { reasons } = await member.readyz();
          return (reasons as Json[]).some(({ detail }) => reason.test(String(detail)));
        });
        expect(await member.program.stop()).toMatchObject({ code: 0 });
      } finally {
        await redis.stop();
        certificates.remove();
      }
    },
  );
});
