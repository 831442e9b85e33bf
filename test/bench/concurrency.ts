import { BOTH_CORES } from './pinned.ts';
import type { Scene } from './scene.ts';
import { measureThroughput } from './throughput.ts';
import type { Spread } from './statistics.ts';

/** Measures the hit rate of two processes relative to one. They share two cores with the load generator. */
export async function measureTwoProcesses(
  scene: Scene,
  { rounds, secondsEach }: { readonly rounds: number; readonly secondsEach: number },
): Promise<Spread> {
  const { requestsFile } = scene;
  const [one, two] = [
    await scene.startProxy({}, { cores: BOTH_CORES }),
    await scene.startProxy({ WEB_CONCURRENCY: '2' }, { cores: BOTH_CORES }),
  ];
  try {
    const rows = await measureThroughput(
      [
        { name: 'one', server: one, requestsFile },
        { name: 'two', server: two, requestsFile },
      ],
      { rounds, secondsEach, yardstick: 'one', onRound: () => {} },
    );
    return rows[1]!.ratio;
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
}
