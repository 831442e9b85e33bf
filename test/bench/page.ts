/** Writes the tables of docs/performance.md from results.json. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { metText, RESULTS_FILE, spreadText, type Goal } from './report.ts';
import type { ThroughputRow } from './throughput.ts';

export const PAGE = path.join(PROJECT_ROOT, 'docs', 'performance.md');

interface Measured {
  readonly machine: { readonly cores: number; readonly node: string };
  readonly goals: readonly Goal[];
  readonly throughput: { readonly value: readonly ThroughputRow[] };
  readonly simulation: { readonly value: readonly SimulatedHour[] };
}

interface SimulatedHour {
  readonly requestsPerSecond: number;
  readonly perPart: number;
  readonly perIncludeSet: number;
  readonly ratio: number;
}

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const count = (value: number): string => value.toLocaleString('en-US');

/** Returns the generated sections of the page, by the names of their markers. */
function sectionsOf({ machine, goals, throughput, simulation }: Measured): Record<string, string> {
  const rates = throughput.value.map(({ name, ratio, leastCpuRatio, cpuMicros }) => [
    name,
    spreadText(ratio),
    leastCpuRatio?.toFixed(2) ?? '',
    cpuMicros?.median.toFixed(0) ?? '',
  ]);
  const hours = simulation.value.map(({ requestsPerSecond, perPart, perIncludeSet, ratio }) => [
    count(requestsPerSecond),
    count(perPart),
    count(perIncludeSet),
    ratio.toFixed(2),
  ]);
  return {
    throughput: [
      `Median (minimum to maximum) on ${machine.cores} cores, Node ${machine.node}:`,
      table(['response', 'requests/s, of bare Express 5', 'by lowest CPU time', 'CPU µs'], rates),
    ].join('\n\n'),
    goals: table(
      ['measured', 'goal', 'result', 'met'],
      goals.map(({ what, goal, measured, met }) => [what, goal, measured, metText(met)]),
    ),
    simulation: table(['requests/s', 'one key per part', 'one key per set', 'ratio'], hours),
  };
}

/** Replaces the generated sections. `npm run readme` formats them. */
export function updatePage(): void {
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, text] of Object.entries(sectionsOf(JSON.parse(readFileSync(RESULTS_FILE, 'utf8'))))) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const parts = page.split(new RegExp(`${begin}[^]*${end}`));
    if (parts.length !== 2) throw new Error(`docs/performance.md does not have the markers of ${name} once`);
    page = parts.join(`${begin}\n\n${text}\n\n${end}`);
  }
  writeFileSync(PAGE, page);
}

if (import.meta.main) updatePage();
