import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { PROJECT_ROOT, parsedLines } from '../support/child.ts';
import { waitFor } from '../support/wait-for.ts';

/** Runs a module in a child process whose standard output is the log. */
function run(code: string, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const imports = `import { logOutput } from './src/telemetry/log-output.ts';
import { exitAtOnce } from './src/process/exit.ts';
import { open } from 'node:fs';
const output = logOutput();
`;
  return spawn(process.execPath, ['--input-type=module', '-e', imports + code], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', stdout, 'pipe'],
  });
}
const exitCode = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0];

test('drops and counts lines while the reader does not read, and keeps the process running', async () => {
  const total = 20_000;
  const child = run(`
const fill = 'x'.repeat(1000);
for (let n = 0; n < ${total}; n += 1) output.write(JSON.stringify({ n, fill }) + '\\n');
process.once('SIGUSR2', async () => {
  await output.flush(600_000);
  output.write('{"last":true}\\n');
  await output.flush(600_000);
  process.exit(0);
});
setInterval(() => {}, 1000);
process.stderr.write('written');
`);
  await once(child.stderr!, 'data');
  child.kill('SIGUSR2');
  const lines = parsedLines(await text(child.stdout!));
  const report = lines.find((line) => line['msg'] === 'log lines dropped');
  const dropped = Number(report?.['dropped']);
  expect(dropped).toBeGreaterThan(0);
  expect(lines.filter((line) => 'n' in line)).toHaveLength(total - dropped);
});

test('flush times out if the reader is stuck, and the process exits', async () => {
  const child = run(`
output.write('x'.repeat(1_000_000) + '\\n');
await output.flush(100);
exitAtOnce(7);
`);
  expect(await exitCode(child)).toBe(7);
});

test('writes the batched lines at process exit', async () => {
  const child = run("output.write('last\\n'); process.exit(0);");
  expect(await text(child.stdout!)).toBe('last\n');
});

test('a paused terminal does not block the process', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'terminal-'));
  const file = path.join(directory, 'written');
  const code = `import { logOutput } from './src/telemetry/log-output.ts';
import { appendFileSync } from 'node:fs';
const output = logOutput();
for (let n = 0; n < 1000; n += 1) output.write('x'.repeat(2000) + '\\n');
appendFileSync(${JSON.stringify(file)}, String(process.stdout.isTTY));
setInterval(() => {}, 1000);`;
  // script(1) runs a command in a terminal, and does not read it while its own output is not read.
  const child = spawn(
    'script',
    ['-qec', `"${process.execPath}" --input-type=module -e "$CODE"`, '/dev/null'],
    {
      cwd: PROJECT_ROOT,
      env: { ...process.env, CODE: code },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const isTerminal = await waitFor(
      'the lines to be written',
      () => existsSync(file) && (readFileSync(file, 'utf8') || undefined),
    );
    expect(isTerminal).toBe('true');
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
});

test('the process survives a closed log pipe', async () => {
  const child = run(`
for (let n = 0; n < 5; n += 1) {
  output.write('line\\n');
  await output.flush(1000);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
process.exit(7);
`);
  child.stdout!.destroy();
  expect(await exitCode(child)).toBe(7);
});

test('the process survives a full disk under the log', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    const child = run(
      "for (let n = 0; n < 5; n += 1) { output.write('line\\n'); await output.flush(1000); }",
      full,
    );
    expect(await exitCode(child)).toBe(0);
  } finally {
    closeSync(full);
  }
});

test('exitAtOnce does not wait for an operation that blocks a libuv thread', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'exit-'));
  try {
    const fifo = path.join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Opening a FIFO blocks until it has a writer.
    const child = run(`open(${JSON.stringify(fifo)}, 'r', () => {}); setTimeout(() => exitAtOnce(7), 50);`);
    expect(await exitCode(child)).toBe(7);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('lines of several processes on one pipe are whole, although the reader pauses', async () => {
  const writer = `
import { logOutput } from './src/telemetry/log-output.ts';
const output = logOutput({ isShared: true });
const fill = 'x'.repeat(300);
for (let n = 0; n < 4000; n += 1) output.write(JSON.stringify({ n, fill }) + '\\n');
await output.flush(600_000);
`;
  const reader = `
import { setTimeout as sleep } from 'node:timers/promises';
import { readSync } from 'node:fs';
const chunk = Buffer.alloc(50_000);
// A copy, because the write may still be waiting when the chunk is read into again.
for (let read; (read = readSync(0, chunk)) > 0; await sleep(2))
  process.stdout.write(Buffer.from(chunk.subarray(0, read)));
`;
  const node = `"${process.execPath}" --input-type=module`;
  const pipeline = `{ ${node} -e "$WRITER" & ${node} -e "$WRITER" & wait; } | ${node} -e "$READER"`;
  const child = spawn('sh', ['-c', pipeline], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, WRITER: writer, READER: reader },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = (await text(child.stdout)).split('\n').slice(0, -1);
  expect(lines).toHaveLength(8000);
  for (const line of lines) expect(line).toMatch(/^\{"n":\d+,"fill":"x{300}"\}$/);
});
