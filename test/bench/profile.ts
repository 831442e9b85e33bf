import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { writeMisses } from './misses.ts';
import type { Scene } from './scene.ts';
import { load } from './wrk.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const WARM_UP_S = 3;
const SECONDS = 10;
const MISSES = 100_000;

/** Profiles the proxy while it serves hits or misses, and lists the functions with the most CPU time. */
export async function profile(scene: Scene, what: 'hits' | 'misses', top: number): Promise<string> {
  const proxy = await scene.startProxy(
    {},
    { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${scene.directory}`, '--cpu-prof-interval=500'] },
  );
  const options = {
    port: proxy.port,
    requestsFile: what === 'hits' ? scene.requestsFile : writeMisses(scene, MISSES),
    connections: 64,
  };
  await load({ ...options, seconds: WARM_UP_S });
  await load({ ...options, seconds: SECONDS });
  await proxy.stop();
  const file = readdirSync(scene.directory).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the proxy wrote no profile');
  const recorded = JSON.parse(readFileSync(path.join(scene.directory, file), 'utf8')) as CpuProfile;
  return [
    table('self', selfTimes(recorded), top),
    table('with what it calls', totalTimes(recorded), top),
  ].join('\n');
}

function timeByNode({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  samples.forEach((id, index) => times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0)));
  return times;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: CpuProfile['nodes'][number]): string {
  const location = url.replace(`file://${PROJECT_ROOT}/`, '').replace('node_modules/', '');
  return `${functionName || '(anonymous)'} ${location}${url === '' ? '' : `:${lineNumber + 1}`}`;
}

function selfTimes(profile: CpuProfile): Map<string, number> {
  const times = timeByNode(profile);
  const sums = new Map<string, number>();
  for (const node of profile.nodes)
    sums.set(nameOf(node), (sums.get(nameOf(node)) ?? 0) + (times.get(node.id) ?? 0));
  return sums;
}

/** Sums the time of each function. A recursive function counts once. */
function totalTimes(profile: CpuProfile): Map<string, number> {
  const times = timeByNode(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const sums = new Map<string, number>();
  const open = new Set<string>();
  function visit(id: number): number {
    const node = nodes.get(id)!;
    const name = nameOf(node);
    const outermost = !open.has(name);
    if (outermost) open.add(name);
    let total = times.get(id) ?? 0;
    for (const child of node.children ?? []) total += visit(child);
    if (outermost) {
      open.delete(name);
      sums.set(name, (sums.get(name) ?? 0) + total);
    }
    return total;
  }
  visit(profile.nodes[0]!.id);
  return sums;
}

/** Formats times in percent of the non-idle time. */
function table(title: string, times: Map<string, number>, top: number): string {
  const busy = [...times].filter(([name]) => !/^\((idle|root)\)/.test(name));
  const all = title === 'self' ? busy.reduce((sum, [, time]) => sum + time, 0) : (times.get('(root) ') ?? 0);
  const idle = title === 'self' ? 0 : (times.get('(idle) ') ?? 0);
  const lines = busy
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, top)
    .map(([name, time]) => `${((100 * time) / (all - idle)).toFixed(2).padStart(7)} %  ${name}`);
  return `${title}\n${lines.join('\n')}\n`;
}
