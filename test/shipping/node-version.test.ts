import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';

const PRELOAD = path.join(PROJECT_ROOT, 'src/preload.cjs');
const manifest = JSON.parse(readFileSync(path.join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};

function preloadUnder(version: string) {
  const script = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} });
    require(${JSON.stringify(PRELOAD)}); console.log('continued');`;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 20_000 });
}

test.each(['16.20.2', '20.20.2', '24.11.9'])('Node %s is rejected with a one-sentence error', (version) => {
  const { status, stdout, stderr } = preloadUnder(version);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    `zyntro-bff needs Node 24.12 or newer, and this is ${version}: run "npm ci", which brings one along on ` +
      'most machines, or install Node 26 from https://nodejs.org\n',
  );
});

test.each(['24.12.0', '26.10.0', '100.0.0'])('Node %s is accepted', (version) => {
  expect(preloadUnder(version)).toMatchObject({ status: 0, stdout: 'continued\n', stderr: '' });
});

test('the version check and package.json require the same version', () => {
  expect(manifest.engines.node).toBe('>=24.12');
});

const scripts = Object.entries(manifest.scripts);

test.each(scripts.filter(([, command]) => /\.ts\b|jest\.js/.test(command)))(
  'npm run %s checks the Node version first',
  (_name, command) => {
    expect(command).toMatch(/^(exec )?node -r \.\/src\/preload\.cjs /);
  },
);

test.each(scripts)('npm run %s also runs in a shell that is not POSIX', (_name, command) => {
  // A shell without exec goes on with the alternative. In any other, the program takes the place of the shell,
  // which would end on SIGTERM without passing it on.
  const [first, ...others] = command.split(' || ');
  if (first!.startsWith('exec ')) expect(others).toEqual([first!.slice('exec '.length)]);
  expect(others.at(-1) ?? first).not.toMatch(/^(exec|env) |^\w+=|[;'$`|]/);
});

const read = (file: string) => readFileSync(path.join(PROJECT_ROOT, file), 'utf8');

test('npm start, the image and the systemd unit run Node with the same flags', () => {
  const flags = (JSON.parse(read('src/node-flags.json')) as string[]).join(' ');
  expect(flags).not.toBe('');
  const image = JSON.parse(/^CMD (\[.+\])$/m.exec(read('Dockerfile'))![1]!) as string[];
  expect(image.join(' ')).toBe(`node ${flags} src/main.ts`);
  expect(read('config/systemd/zyntro-bff.service')).toMatch(new RegExp(`/node ${flags} src/main\\.ts$`, 'm'));
});
