import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Members of jest's JSON result (`--json`) that the report reads. */
interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that failed before any of their tests ran. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

const root = path.resolve(import.meta.dirname, '..', '..');
const result = readResult(process.argv[2] ?? '');

for (const line of timesOf(result)) process.stdout.write(`${line}\n`);
process.stdout.write(`${closingLine(result)}\n`);
if (result && skippedIn(result) > 0) process.exitCode = 1;

/** Returns undefined if jest ended before it wrote a result. */
function readResult(file: string): JestResult | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestResult;
  } catch {
    return undefined;
  }
}

/** Returns a line with the time of each file, slowest first. */
function timesOf(jest: JestResult | undefined): string[] {
  const files = (jest?.testResults ?? []).map((file) => ({
    name: path.relative(root, file.name),
    seconds: (file.endTime - file.startTime) / 1000,
  }));
  return files
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`);
}

/** Returns the summary line. A file that cannot be loaded and a run without a result count as one failure. */
function closingLine(jest: JestResult | undefined): string {
  if (!jest) return '0 passed, 1 failed';
  const failed = jest.numFailedTests + jest.numRuntimeErrorTestSuites;
  const skipped = skippedIn(jest);
  return `${jest.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function skippedIn(jest: JestResult): number {
  return jest.numPendingTests + jest.numTodoTests;
}
