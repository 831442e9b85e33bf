import { parseArgs } from 'node:util';
import { profileHits } from './profile.ts';
import { openScene, type Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { loadAverage, measureThroughput, writeConditionalRequests, type Contender } from './throughput.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});
const YARDSTICK = 'bare Express';
const PEERS = [
  ['bare node:http', 'bare-http'],
  [YARDSTICK, 'bare-express'],
  ['usual Express stack', 'express-stack'],
  ['Fastify stack', 'fastify-stack'],
] as const;

const servers: ServerProcess[] = [];
const keep = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
  const server = await starting;
  servers.push(server);
  return server;
};

async function openContenders(scene: Scene): Promise<Contender[]> {
  const { requestsFile } = scene;
  const proxy = await keep(scene.startProxy());
  await scene.stockPeers(proxy);
  const peers = [];
  for (const [name, entry] of PEERS)
    peers.push({ name, server: await keep(scene.startPeer(entry)), requestsFile });
  const conditional = await writeConditionalRequests(scene, proxy);
  return [
    ...peers,
    { name: 'near-cache hit', server: proxy, requestsFile },
    { name: '304', server: proxy, requestsFile: conditional },
    {
      name: 'Redis hit',
      server: await keep(scene.startProxy({ CACHE_L1_MAX_MB: '0' })),
      requestsFile,
    },
    {
      name: 'embedded-cache hit',
      server: await keep(scene.startProxy({}, { embedded: true })),
      requestsFile,
    },
  ];
}

const scene = await openScene();
try {
  if (flags.profile) {
    process.stdout.write(await profileHits(scene, 60));
    process.exitCode = 0;
  } else await compare();
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await scene.stop();
}

async function compare() {
  const contenders = await openContenders(scene);
  const rows = await measureThroughput(contenders, {
    rounds: flags.quick ? 5 : 11,
    secondsEach: flags.quick ? 1 : 3,
    yardstick: YARDSTICK,
    onRound: (round) => process.stderr.write(`round ${round + 1}, load average ${loadAverage()}\n`),
  });
  console.table(
    Object.fromEntries(
      rows.map((row) => [
        row.name,
        {
          'req/s': Math.round(row.perSecond.median),
          ratio: `${row.ratio.median.toFixed(2)} (${row.ratio.least.toFixed(2)}–${row.ratio.most.toFixed(2)})`,
          'CPU µs': row.cpuMicros?.median.toFixed(0),
          'by CPU':
            row.cpuRatio &&
            `${row.cpuRatio.median.toFixed(2)} (${row.cpuRatio.least.toFixed(2)}–${row.cpuRatio.most.toFixed(2)})`,
          bytes: Math.round(row.bytesPerAnswer),
          'p50 ms': row.p50Ms.median,
          'p99 ms': row.p99Ms.median,
        },
      ]),
    ),
  );
}
