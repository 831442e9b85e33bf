import type { Scene } from './scene.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** Measures the milliseconds from the start of the process to its log line `listening`. */
export async function measureStart(scene: Scene, times: number): Promise<Spread> {
  const startMs: number[] = [];
  for (let run = 0; run < times; run += 1) {
    const server = await scene.startProxy();
    startMs.push(server.startMs);
    await server.stop();
  }
  return spreadOf(startMs);
}
