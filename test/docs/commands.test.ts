import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../support/child.ts';
import { codeBlocks, markdownFiles, type CodeBlock } from '../support/markdown.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';
import { HANG_MS, waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const BLOCKS = markdownFiles()
  .flatMap(codeBlocks)
  .filter(({ language }) => language === 'sh');

/** The reasons why a block is not run here, each with a pattern that such a block matches. */
const NEEDS: Readonly<Record<string, RegExp>> = {
  app: /^cd \.\.\/your-app /m,
  docker: /^docker /m,
  root: / \/(etc|usr|opt)\//,
  secrets: /_FILE=\/run\/secrets\//,
};

/** The programs that a block starts, each with a text that it prints when it is ready. */
const STARTS: Readonly<Record<string, string>> = {
  demo: 'Ctrl-C stops both.',
  sandbox: 'The sandbox stands in',
};

const isRun = ({ marks }: CodeBlock): boolean => !marks.has('needs') && !marks.has('starts');
const ENV = {
  PATH: `${path.join(PROJECT_ROOT, 'node_modules', '.bin')}:${process.env['PATH']}`,
  HOME: process.env['HOME'],
  // A developer's .env is not read.
  NODE_ENV: 'production',
};
/** `npm ci` is skipped, since the tests run after it; an error status fails a block. */
const SHIMS = `set -eu -o pipefail
npm() { [ "$1" = ci ] || command npm "$@"; }
curl() { command curl -S --fail-with-body --max-time 30 "$@"; }
`;

interface Started {
  readonly output: () => string;
  stop(): Promise<void>;
}

/** Runs a block that starts a program on free ports, and waits until it is ready. */
async function startProgramOf(block: CodeBlock): Promise<Started> {
  const ports = { PORT: '0', ADMIN_PORT: '0', SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0' };
  const shell: ChildProcess = spawn('bash', ['-c', `${SHIMS}${block.code}`], {
    cwd: PROJECT_ROOT,
    detached: true,
    env: { ...ENV, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(shell, 'close');
  const ready = STARTS[block.marks.get('starts')!]!;
  const stop = async () => {
    if (shell.exitCode === null && shell.signalCode === null) process.kill(-shell.pid!, 'SIGINT');
    await closed;
  };
  try {
    await waitFor(
      `${block.file} to start its program`,
      () => {
        if (shell.exitCode !== null) throw new Error(`it has ended:\n${output}`);
        return output.includes(ready);
      },
      2 * HANG_MS,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { output: () => output, stop };
}

describe('the commands of the documents', () => {
  let demo: Started;
  let sandbox: Sandbox;
  /** The addresses of the documents, with those of the programs of this test. */
  let addresses: readonly (readonly [string, string])[];
  beforeAll(async () => {
    demo = await startProgramOf(BLOCKS.find(({ marks }) => marks.get('starts') === 'demo')!);
    sandbox = await startSandbox();
    const urlBefore = (suffix: string) =>
      new RegExp(`(http://127\\.0\\.0\\.1:\\d+)${suffix}`).exec(demo.output())?.[1] ?? `no URL of ${suffix}`;
    addresses = [
      ['http://127.0.0.1:3000', urlBefore('/contacts')],
      ['http://127.0.0.1:3001', urlBefore('/invalidations')],
      ['http://127.0.0.1:4010', sandbox.url],
      ['http://127.0.0.1:4011', sandbox.controlUrl],
    ];
  });
  afterAll(async () => {
    await sandbox?.stop();
    await demo?.stop();
  });

  test.each([...new Set(BLOCKS.filter(isRun).map(({ file }) => file))])(
    'run in the order of %s',
    async (file) => {
      const own = BLOCKS.filter((block) => block.file === file && isRun(block));
      const commands = own.map(({ line, code }) => `echo "== line ${line}" >&2\n${code}`).join('\n');
      const script = addresses.reduce((text, [from, to]) => text.replaceAll(from, to), commands);
      const result = run('bash', ['-c', `${SHIMS}${script}`], {
        cwd: PROJECT_ROOT,
        env: ENV,
        timeout: 3 * HANG_MS,
        maxBuffer: 16 * 1024 * 1024,
      });
      const failure = await result.then(
        () => undefined,
        ({ stdout, stderr }: { stdout: string; stderr: string }) =>
          `${stderr.slice(-2000)}\n${stdout.slice(-2000)}`,
      );
      expect(failure).toBeUndefined();
    },
  );
});

test('the command that starts the sandbox works', async () => {
  const started = await startProgramOf(BLOCKS.find(({ marks }) => marks.get('starts') === 'sandbox')!);
  await started.stop();
});

test.each(BLOCKS.filter((block) => !isRun(block)).map((block) => [`${block.file}:${block.line}`, block]))(
  'the block at %s that is not run as it is has a known reason, which it shows',
  async (_at, block) => {
    const { needs, starts } = Object.fromEntries(block.marks) as { needs?: string; starts?: string };
    if (needs === undefined) expect(block.code).toMatch(new RegExp(`^npm run ${starts}$`, 'm'));
    else expect(block.code).toMatch(NEEDS[needs]!);
    expect([...block.marks.keys()]).toHaveLength(1);
    await run('bash', ['-n', '-c', block.code]);
  },
);

test('every npm script that the documents name exists', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(PROJECT_ROOT, 'package.json'), 'utf8'));
  const named = markdownFiles().flatMap((file) =>
    [
      ...readFileSync(path.join(PROJECT_ROOT, file), 'utf8').matchAll(/npm run (?:--\S+ )*([a-z][\w:-]*)/g),
    ].map(([, name]) => name!),
  );
  expect(named.length).toBeGreaterThan(20);
  expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
});
