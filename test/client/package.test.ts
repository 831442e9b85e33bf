import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { freshProject, packClient, run, typeErrors, type ClientPackage } from '../support/client-package.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import { oldestNode } from '../support/oldest-node.ts';
import { startWorld, type World } from '../support/world.ts';

const MAX_GZIPPED_BYTES = 4608;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly dependencies?: unknown;
}
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;

let built: ClientPackage;
let project: string;
beforeAll(() => {
  built = packClient();
  project = freshProject(built, 'project');
});
afterAll(() => built?.remove());

test('the package has a README, a license, the version of the proxy and no dependencies', () => {
  const [own, proxy] = [
    manifestOf(path.join(project, 'node_modules/zyntro-bff-client')),
    manifestOf(PROJECT_ROOT),
  ];
  expect([own.version, own.license, own.dependencies]).toEqual([proxy.version, proxy.license, undefined]);
  const files = readdirSync(path.join(project, 'node_modules', own.name));
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'index.js', 'index.d.ts', 'cjs']));
  expect(files.filter((file) => /tsconfig|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

test.each(['', 'cjs'])(
  `the modules of "%s" have under ${MAX_GZIPPED_BYTES} bytes when compressed`,
  (folder) => {
    const modules = path.join(built.folder, folder);
    const files = readdirSync(modules).filter((file) => file.endsWith('.js'));
    expect(files).toContain('index.js');
    const code = files.map((file) => readFileSync(path.join(modules, file), 'utf8')).join('');
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(MAX_GZIPPED_BYTES);
  },
);

const GOOD = `import { createClient, ProblemError, type Contact } from 'zyntro-bff-client';
export async function read(id: string): Promise<unknown> {
  const client = createClient({ baseUrl: '', token: async () => 'a.b.c' });
  const { contact, notes } = await client.getContact(id, { include: ['notes'] });
  const all: Contact = contact;
  const own: unknown = all.ourOwnField;
  const text: string | null | undefined = notes?.[0]?.content;
  await client.addNote(id, { content: text ?? '' }, { idempotencyKey: 'key' });
  return [own, new Error() instanceof ProblemError];
}
`;
const BAD = `import { createClient } from 'zyntro-bff-client';
export const wrong = createClient({ baseUrl: '' }).getContact('id').then(({ entity }) => entity);
`;
const RESOLUTIONS: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ['node16', ['--module', 'node16', '--moduleResolution', 'node16']],
  ['nodenext', ['--module', 'nodenext', '--moduleResolution', 'nodenext']],
];

/** TypeScript reads `.mts` as an ES module and `.cts` as CommonJS. */
const EXTENSIONS = ['ts', 'mts', 'cts'];
// The declarations must not depend on optional checks either.
const OPTIONAL_CHECKS = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];

test.each(RESOLUTIONS)('a fresh project type-checks under moduleResolution %s', (_name, options) => {
  const write = (name: string, code: string): string[] =>
    EXTENSIONS.map((extension) => {
      writeFileSync(path.join(project, `${name}.${extension}`), code);
      return `${name}.${extension}`;
    });
  expect(typeErrors(project, [...options, ...OPTIONAL_CHECKS], write('good', GOOD))).toBe('');
  const errors = typeErrors(project, options, write('bad', BAD)).trim().split('\n');
  expect(errors).toHaveLength(EXTENSIONS.length);
  for (const error of errors) expect(error).toMatch(/^bad\..*TS2339: Property 'entity' does not exist/);
});

const versions = [process.execPath, oldestNode()].map(
  (file) => [run(file, ['--version']).trim(), file] as const,
);

describe('with a running proxy', () => {
  let world: World;
  beforeAll(async () => void (world = await startWorld()));
  afterAll(() => world?.stop());

  const CALLS = `(async () => {
    const client = createClient({ baseUrl: process.argv[2], token: process.argv[3] });
    const { contact } = await client.getContact(process.argv[4]);
    const error = await client.getContact('not-a-uuid').catch((thrown) => thrown);
    console.log(JSON.stringify([contact.name, error instanceof ProblemError, error.code]));
  })()`;
  const RESULT = ['Jane Smith', true, 'INVALID_CONTACT_ID'];
  const MODULES = {
    'esm.mjs': `import { createClient, ProblemError } from 'zyntro-bff-client';\n${CALLS}`,
    'commonjs.cjs': `const { createClient, ProblemError } = require('zyntro-bff-client');\n${CALLS}`,
    'worker.mjs': `import { Worker } from 'node:worker_threads';
      new Worker(new URL('esm.mjs', import.meta.url), { argv: process.argv.slice(2) });`,
  };

  test.each(versions)('runs in Node %s as an ES module, in CommonJS and in a worker', (_version, node) => {
    for (const [file, code] of Object.entries(MODULES)) {
      writeFileSync(path.join(project, file), code);
      const args = [file, world.program.url, world.token(), world.directory.reference.contact];
      expect(JSON.parse(run(node, args, { cwd: project }))).toEqual(RESULT);
    }
  });
});

test('require returns the CommonJS build', () => {
  const resolve = createRequire(path.join(project, 'index.cjs')).resolve;
  expect(resolve('zyntro-bff-client')).toMatch(/cjs[\\/]index\.js$/);
});
