import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT, runNode } from '../support/child.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-report-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, ms: number) => ({
  name: path.join(PROJECT_ROOT, name),
  startTime: 1000,
  endTime: 1000 + ms,
});
const RESULT = {
  numPassedTests: 1746,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [file('test/a.test.ts', 400), file('test/b.test.ts', 12_340)],
};

async function report(content: string): Promise<{ code: number | null; lines: readonly string[] }> {
  const result = path.join(directory, 'result.json');
  writeFileSync(result, content);
  const { code, stdout } = await runNode('test/support/test-report.ts', {}, { args: [result] });
  return { code, lines: stdout.trimEnd().split('\n') };
}

test('the test report lists the time of each file, slowest first, and ends with the number of tests', async () => {
  expect(await report(JSON.stringify(RESULT))).toEqual({
    code: 0,
    lines: ['   12.3 s  test/b.test.ts', '    0.4 s  test/a.test.ts', '1746 passed, 0 failed'],
  });
});

test.each([
  ['a failed test', { numFailedTests: 2 }, '1746 passed, 2 failed', 0],
  ['a file that cannot be loaded', { numRuntimeErrorTestSuites: 1 }, '1746 passed, 1 failed', 0],
  ['a skipped test', { numPendingTests: 3 }, '1746 passed, 0 failed, 3 skipped', 1],
  ['a todo test', { numTodoTests: 1 }, '1746 passed, 0 failed, 1 skipped', 1],
])('the test report counts %s', async (_result, more, line, code) => {
  const { lines, ...exit } = await report(JSON.stringify({ ...RESULT, ...more }));
  expect([lines.at(-1), exit.code]).toEqual([line, code]);
});

test('the test report counts a run without a result as one failure', async () => {
  expect(await report('')).toEqual({ code: 0, lines: ['0 passed, 1 failed'] });
});
