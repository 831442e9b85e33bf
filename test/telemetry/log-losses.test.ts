import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { logOutput } from '../../src/telemetry/log-output.ts';
import { PROJECT_ROOT, parsedLines } from '../support/child.ts';
import { HANG_MS } from '../support/wait-for.ts';

function readFrom(reader: number): string {
  const chunk = Buffer.alloc(10_000);
  return chunk.toString('utf8', 0, readSync(reader, chunk));
}

test.each([false, true])(
  'counts the lines that a reader has missed when a new one comes (shared: %s)',
  async (isShared) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'reader-'));
    const fifo = path.join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const openReader = (): number => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    let reader = openReader();
    const writer = openSync(fifo, 'w');
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `
import { logOutput } from './src/telemetry/log-output.ts';
const output = logOutput({ isShared: ${isShared} });
let n = 0;
process.on('SIGUSR2', async () => {
  for (let more = 0; more < 3; more += 1) {
    output.write(JSON.stringify({ n: n++ }) + '\\n');
    await output.flush(600_000);
  }
  process.stderr.write('written');
});
setInterval(() => {}, 1000);
process.stderr.write('started');
`,
      ],
      { cwd: PROJECT_ROOT, stdio: ['ignore', writer, 'pipe'] },
    );
    closeSync(writer);
    const writeThree = async (): Promise<void> => {
      child.kill('SIGUSR2');
      await once(child.stderr!, 'data');
    };
    try {
      await once(child.stderr!, 'data');
      await writeThree();
      expect(parsedLines(readFrom(reader))).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
      closeSync(reader);
      await writeThree();
      reader = openReader();
      await writeThree();
      const lines = parsedLines(readFrom(reader));
      expect(lines[0]).toMatchObject({ dropped: 3, msg: 'log lines dropped' });
      expect(lines.slice(1)).toEqual([{ n: 6 }, { n: 7 }, { n: 8 }]);
    } finally {
      child.kill('SIGKILL');
      closeSync(reader);
      rmSync(directory, { recursive: true });
    }
  },
);

test('a torn line at the end of a full disk stays alone', async () => {
  const written: string[] = [];
  let isFull = false;
  // Node's stream for a file as standard output goes on after an error, which others do not.
  const stream = {
    writableLength: 0,
    on: () => {},
    write(chunk: string, done: (error?: Error) => void) {
      written.push(isFull ? chunk.slice(0, 4) : chunk);
      done(isFull ? new Error('ENOSPC') : undefined);
    },
  } as unknown as Writable;
  const output = logOutput({ stream });
  for (const full of [false, true, false]) {
    isFull = full;
    output.write('a whole line\n');
    await output.flush(HANG_MS);
  }
  const [first, torn, report, ...rest] = written.join('').split('\n');
  expect([first, torn, report]).toEqual(['a whole line', 'a wh', expect.stringContaining('"dropped":1')]);
  expect(rest).toEqual(['a whole line', '']);
});
