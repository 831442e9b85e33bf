import { randomUUID } from 'node:crypto';
import { measureAddedCost, runOnce, type AddedCost, type RequestWriter } from './added-cost.ts';
import { BOTH_CORES } from './pinned.ts';
import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { writeRequests } from './wrk.ts';

const FIXED_RATE = 50;
const PROCESSES = 4;
const BODY = JSON.stringify({ contact: { city: 'Bonn' } });

export interface WriteCost {
  /** Of one process, at full rate. */
  readonly cpu: AddedCost;
  /** Of four processes, each of which acknowledges every write. */
  readonly time: AddedCost;
}

/**
 * Measures the cost of a change over a bare server that makes the same two upstream calls: the read as the member,
 * and the write. The proxy adds the permission, the fence and the acknowledgement.
 */
export async function measureWrites(
  scene: Scene,
  options: { readonly rounds: number; readonly secondsEach: number; readonly warmUpS: number },
): Promise<WriteCost> {
  const bare = await scene.startPeer('bare-undici');
  const turns = { ...options, write: writeChanges };
  const compare = async (proxy: ServerProcess, fixedRate: number | undefined): Promise<AddedCost> => {
    try {
      for (const server of [proxy, bare])
        await runOnce(scene, server, { ...turns, fixedRate: undefined, secondsEach: options.warmUpS });
      return await measureAddedCost(scene, proxy, bare, { ...turns, fixedRate });
    } finally {
      await proxy.stop();
    }
  };
  try {
    const cpu = await compare(await scene.startProxy(), undefined);
    const workers = { WEB_CONCURRENCY: String(PROCESSES) };
    const time = await compare(await scene.startProxy(workers, { cores: BOTH_CORES }), FIXED_RATE);
    return { cpu, time };
  } finally {
    await bare.stop();
  }
}

/** Creates changes of contacts that have not been requested before. */
const writeChanges: RequestWriter = (scene, count) => {
  const file = scene.file('writes');
  const tokens = Array.from({ length: 64 }, () => scene.token(SCOPE));
  const requests = Array.from({ length: count }, (_, index) => ({
    path: `/contacts/${randomUUID()}`,
    token: tokens[index % tokens.length]!,
    body: BODY,
  }));
  writeRequests(file, requests);
  return file;
};

const SCOPE = 'contacts:read contacts:write contacts:write:any';
