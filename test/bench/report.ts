import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { ratioChart } from './chart.ts';
import type { Spread } from './statistics.ts';
import type { ThroughputRow } from './throughput.ts';

export const RESULTS_FILE = path.join(import.meta.dirname, 'results.json');
const CHART_FILE = path.join(import.meta.dirname, 'results.svg');

/** A measured value, and the project's goal for it if it has one. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean | undefined;
}

/** Returns the words for a goal that is met or not. */
export function metText(met: boolean | undefined): string {
  if (met === undefined) return '';
  return met ? 'yes' : 'no';
}

/** All results of one run. `load` is the load average of the machine after each measurement. */
export class Results {
  readonly #sections: Record<string, unknown> = {};
  readonly goals: Goal[] = [];
  readonly #begun = new Date();

  add<T>(name: string, value: T): T {
    this.#sections[name] = { load: loadAverage(), value };
    return value;
  }

  addGoal(what: string, goal: string, measured: string, met: boolean): void {
    this.goals.push({ what, goal, measured, met });
  }

  addFigure(what: string, measured: string): void {
    this.goals.push({ what, goal: 'none', measured, met: undefined });
  }

  write(): void {
    const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
    const about = { begun: this.#begun.toISOString(), revision: revision(), machine };
    const results = { ...about, goals: this.goals, ...this.#sections };
    writeFileSync(RESULTS_FILE, `${JSON.stringify(results, rounded, 2)}\n`);
  }

  writeChart(rows: readonly ThroughputRow[]): void {
    const title = 'Requests per second, as a multiple of bare Express 5 that does nothing';
    const note = `Node ${process.version}, one core, wrk -t1 -c64; medians, lines from least to most; load average ${loadAverage()}`;
    writeFileSync(CHART_FILE, ratioChart(rows, title, note));
  }
}

export function printThroughput(rows: readonly ThroughputRow[]): void {
  const columns = rows.map((row) => [
    row.name,
    {
      'req/s': Math.round(row.perSecond.median),
      'of bare Express': spreadText(row.ratio),
      'CPU µs': row.cpuMicros && spreadText(row.cpuMicros, 0),
      'by CPU': row.cpuRatio && spreadText(row.cpuRatio),
      'by least CPU': row.leastCpuRatio?.toFixed(2),
      bytes: Math.round(row.bytesPerAnswer),
      'p50 ms': row.p50Ms.median,
      'p99 ms': row.p99Ms.median,
    },
  ]);
  console.table(Object.fromEntries(columns));
}

export function printGoals(goals: readonly Goal[]): void {
  console.table(goals.map(({ what, goal, measured, met }) => ({ what, goal, measured, met: metText(met) })));
}

export function spreadText({ median, least, most }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

export const loadAverage = (): number => Math.round(loadavg()[0]! * 10) / 10;

function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

function revision(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}
