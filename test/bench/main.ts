import { parseArgs } from 'node:util';
import { measureTwoProcesses } from './concurrency.ts';
import { openContenders, YARDSTICK } from './contenders.ts';
import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import { measureMisses } from './misses.ts';
import { updatePage } from './page.ts';
import { profile } from './profile.ts';
import { loadAverage, printGoals, printThroughput, Results, spreadText } from './report.ts';
import { openScene, type Scene } from './scene.ts';
import { shippedPolicy, simulate } from './simulation.ts';
import { soak } from './soak.ts';
import { measureStart } from './start-time.ts';
import { measureThroughput, type ThroughputRow } from './throughput.ts';
import { measureWrites } from './writes.ts';

const HELP = `npm run bench -- [options]

  --quick            a rough measurement in under two minutes: hits, misses, writes, start
  --soak             soak for ten minutes instead of one
  --profile hits     only a CPU profile, of hits or misses
  --simulate         only the upstream calls of a simulated hour, at more rates
`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    profile: { type: 'string' },
    simulate: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const { quick } = flags;
const results = new Results();

function say(text: string): void {
  process.stderr.write(
    `${new Date().toISOString().slice(11, 19)}  ${text} (load average ${loadAverage()})\n`,
  );
}

async function compareHits(scene: Scene): Promise<ThroughputRow[]> {
  const { contenders, stop } = await openContenders(scene);
  try {
    const rows = await measureThroughput(contenders, {
      // Short slices, since the machine drifts within seconds.
      rounds: quick ? 3 : 35,
      secondsEach: 1,
      yardstick: YARDSTICK,
      onRound: (round) => say(`hits: round ${round + 1}`),
    });
    printThroughput(results.add('throughput', rows));
    if (!quick) results.writeChart(rows);
    addHitGoals(rows);
    return rows;
  } finally {
    await stop();
  }
}

const against = (one: ThroughputRow, other: ThroughputRow): number => one.ratio.median / other.ratio.median;

function addRatioGoal(what: string, least: number, value: number): void {
  results.addGoal(what, `at least ${least}`, value.toFixed(2), value >= least);
}

function addHitGoals(rows: readonly ThroughputRow[]): void {
  const of = (name: string) => rows.find((row) => row.name === name)!;
  const [near, remote, conditional, fastify] = ['near-cache hit', 'Redis hit', '304', 'Fastify stack'].map(
    of,
  );
  addRatioGoal('near-cache hit, of bare Express', 1, near!.ratio.median);
  addRatioGoal('near-cache hit, of the Fastify stack', 3, against(near!, fastify!));
  addRatioGoal('Redis hit, of bare Express', 0.75, remote!.ratio.median);
  addRatioGoal('Redis hit, of the Fastify stack', 2, against(remote!, fastify!));
  addRatioGoal('304, of a 200', 1, against(conditional!, near!));
}

async function compareMisses(scene: Scene): Promise<void> {
  say('misses');
  const misses = results.add(
    'misses',
    await measureMisses(
      scene,
      quick ? { rounds: 1, secondsEach: 2, warmUpS: 5 } : { rounds: 5, secondsEach: 5, warmUpS: 15 },
    ),
  );
  const { atFixedRate, atFullRate } = misses;
  for (const [rate, { addedCpuMicros: added }] of [
    ['200 requests/s', atFixedRate],
    ['full rate', atFullRate],
  ] as const)
    if (added)
      results.addGoal(
        `CPU µs of a miss over a bare undici request, ${rate}`,
        'at most 150',
        spreadText(added, 0),
        added.median <= 150,
      );
  const { addedP99Ms } = atFixedRate;
  results.addGoal(
    'p99 ms that a miss adds, 200 requests/s',
    'under 2',
    spreadText(addedP99Ms),
    addedP99Ms.median < 2,
  );
}

async function compareWrites(scene: Scene): Promise<void> {
  say('writes');
  const { cpu, time } = results.add(
    'writes',
    await measureWrites(
      scene,
      quick ? { rounds: 1, secondsEach: 2, warmUpS: 5 } : { rounds: 15, secondsEach: 2, warmUpS: 10 },
    ),
  );
  if (cpu.addedCpuMicros)
    results.addFigure(
      'CPU µs of a write over its two bare undici requests, full rate',
      spreadText(cpu.addedCpuMicros, 0),
    );
  results.addFigure('p50 ms that a write adds, four processes, 50 writes/s', spreadText(time.addedP50Ms));
  results.addFigure('p99 ms that a write adds, four processes, 50 writes/s', spreadText(time.addedP99Ms));
}

async function measureStartTime(scene: Scene): Promise<void> {
  say('start');
  const start = results.add('startMs', await measureStart(scene, quick ? 3 : 10));
  results.addGoal('ms until it listens', 'within 600', spreadText(start, 0), start.median <= 600);
}

async function measureTail(scene: Scene, rows: readonly ThroughputRow[]): Promise<void> {
  say('latency at half of the top rate');
  const topRate = rows.find(({ name }) => name === 'near-cache hit')!.perSecond.median;
  const latency = results.add('latency', await measureLatency(scene, { topRate, rounds: 5, secondsEach: 5 }));
  const { ratio, bareRatio, longestPauseMs } = latency;
  results.addGoal(
    'p99 of the median, at half of the top rate',
    'under 3',
    `${spreadText(ratio)}, and of bare Express ${spreadText(bareRatio)}`,
    ratio.median < 3,
  );
  results.addGoal(
    'longest pause for garbage, ms',
    'at most 20',
    longestPauseMs.toFixed(1),
    longestPauseMs <= 20,
  );
}

async function measureFootprint(scene: Scene): Promise<void> {
  say('memory');
  const memory = results.add('memory', await measureMemory(scene, 100_000));
  const { residentBytes, heapBytes, externalBytes } = memory;
  results.addGoal(
    'bytes for each of 100,000 contacts of 1.3 KB',
    'at most 2,560',
    `${residentBytes} resident, ${heapBytes} of them heap and ${externalBytes} external`,
    residentBytes <= 2560,
  );
  say('soak');
  const soaked = results.add('soak', await soak(scene, flags.soak ? 600 : 60));
  const grown = soaked.lateMiB / soaked.earlyMiB;
  results.addGoal(
    `memory after ${soaked.seconds} s at full rate, of what it was after a quarter`,
    'flat: at most 1.1',
    `${grown.toFixed(2)} (${soaked.residentMiB.join(', ')} MiB)`,
    grown <= 1.1,
  );
}

async function simulateCalls(rates: readonly number[]): Promise<void> {
  const policy = shippedPolicy();
  const rows = [];
  for (const requestsPerSecond of rates) {
    say(`upstream calls of a simulated hour at ${requestsPerSecond} requests/s`);
    const options = { policy, contacts: 10_000, seconds: 3600, requestsPerSecond, seed: 1 };
    rows.push({ requestsPerSecond, ...(await simulate(options)) });
  }
  console.table(results.add('simulation', rows));
  const last = rows.at(-1)!;
  results.addGoal(
    `upstream calls, of one key per include set, at ${last.requestsPerSecond} requests/s`,
    'at most 0.60',
    last.ratio.toFixed(2),
    last.ratio <= 0.6,
  );
}

async function measureAll(): Promise<void> {
  const scene = await openScene();
  try {
    if (flags.profile !== undefined) {
      process.stdout.write(await profile(scene, flags.profile === 'misses' ? 'misses' : 'hits', 60));
      return;
    }
    const rows = await compareHits(scene);
    await compareMisses(scene);
    await compareWrites(scene);
    await measureStartTime(scene);
    if (!quick) {
      await measureTail(scene, rows);
      say('two processes');
      const two = results.add(
        'twoProcesses',
        await measureTwoProcesses(scene, { rounds: 5, secondsEach: 3 }),
      );
      results.addGoal('two processes, of one', 'at least 1.4', spreadText(two), two.median >= 1.4);
      await measureFootprint(scene);
      await simulateCalls([10, 100, 1000]);
    }
    printGoals(results.goals);
    if (!quick) {
      results.write();
      updatePage();
    }
  } finally {
    await scene.stop();
  }
}

if (flags.help) process.stdout.write(HELP);
else if (flags.simulate) await simulateCalls([1, 10, 100, 300, 1000]);
else await measureAll();
