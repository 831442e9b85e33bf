import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from './support/child.ts';

const SRC = path.join(PROJECT_ROOT, 'src');
const MODEL = ['lib', 'contact', 'errors'];

/** The folders and files of `src`, each with the others that it may import. Each permission is used. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'all'>> = {
  lib: [],
  errors: [],
  contact: ['lib', 'errors'],
  version: [],
  dns: [],
  telemetry: [...MODEL, 'version'],
  process: ['telemetry', 'version'],
  redis: ['lib', 'telemetry'],
  cache: [...MODEL, 'redis', 'telemetry'],
  auth: [...MODEL, 'redis', 'telemetry'],
  'rate-limit': ['lib', 'redis'],
  idempotency: [...MODEL, 'redis'],
  upstream: [...MODEL, 'telemetry'],
  http: [...MODEL, 'auth', 'rate-limit', 'telemetry'],
  operations: [...MODEL, 'http', 'idempotency', 'upstream'],
  admin: ['lib', 'errors', 'telemetry', 'http'],
  cluster: ['errors', 'auth', 'telemetry', 'process'],
  openapi: [...MODEL, 'http', 'operations', 'admin', 'version'],
  config: ['lib', 'contact', 'auth', 'redis', 'upstream'],
  secrets: ['lib', 'contact', 'config', 'cache', 'telemetry', 'upstream'],
  services: 'all',
  'operation-services': 'all',
  client: [],
  sandbox: [],
  app: 'all',
  program: 'all',
  main: 'all',
  cli: 'all',
};

/** Entry points and composition roots, which nothing else imports. */
const ROOTS = ['app', 'services', 'operation-services', 'program', 'main', 'cli', 'sandbox', 'client'];

/** Packages that only these files may import. All other packages are unrestricted. */
const OWNERS: Readonly<Record<string, RegExp>> = {
  undici: /^(auth\/jwks-fetch|upstream\/transport)\.ts$/,
  ioredis:
    /^redis\/(redis-(client|connections|connector|subscription|topology)|connection-changes|run-script|supervise-cluster)\.ts$/,
  jsonwebtoken: /^(auth\/verify-signature|cli\/mint-token)\.ts$/,
  express: /^(app\.ts|(http|admin|operations)\/)/,
  helmet: /^http\/security-headers\.ts$/,
  pino: /^telemetry\/log\.ts$/,
  '@opentelemetry': /^telemetry\/otel-tracer\.ts$/,
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|\nimport '([^']+)'/g;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, from, dynamic, bare]) => (from ?? dynamic ?? bare)!);
}

/** The imported files of `src`, type-only imports included. */
const graph = new Map(
  files.map((file) => [
    file,
    importsOf(file)
      .filter((target) => target.startsWith('.'))
      .map((target) => path.join(path.dirname(file), target))
      .filter((target) => files.includes(target)),
  ]),
);

function unitOf(file: string): string {
  return file.split('/')[0]!.replace(/\.ts$/, '');
}

test('imports only the modules that the table allows', () => {
  const forbidden: string[] = [];
  for (const [file, targets] of graph) {
    const [from, allowed] = [unitOf(file), MAY_IMPORT[unitOf(file)]];
    for (const to of targets.map(unitOf)) {
      const root = ROOTS.includes(to) && MAY_IMPORT[from] !== 'all';
      if (to !== from && (root || (allowed !== 'all' && !allowed?.includes(to))))
        forbidden.push(`${file} -> ${to}`);
    }
  }
  expect(forbidden).toEqual([]);
});

test('allows only the imports that some file needs', () => {
  const used = new Set(
    [...graph].flatMap(([file, targets]) => targets.map((target) => `${unitOf(file)} -> ${unitOf(target)}`)),
  );
  const allowed = Object.entries(MAY_IMPORT).flatMap(([from, targets]) =>
    targets === 'all' ? [] : targets.map((to) => `${from} -> ${to}`),
  );
  expect(allowed.filter((edge) => !used.has(edge))).toEqual([]);
});

test('lists exactly the folders and files of src in the table', () => {
  expect(Object.keys(MAY_IMPORT).toSorted()).toEqual([...new Set(files.map(unitOf))].toSorted());
});

test('imports restricted packages only from their owners', () => {
  const foreign = files.flatMap((file) =>
    importsOf(file)
      .map((target) => target.split('/')[0]!)
      .filter((name) => OWNERS[name] && !OWNERS[name].test(file))
      .map((name) => `${file} -> ${name}`),
  );
  expect(foreign).toEqual([]);
});

test('imports only Node modules and their own files in the client and the sandbox', () => {
  const own = files.filter((file) => /^(client|sandbox)\//.test(file));
  const foreign = own.flatMap((file) =>
    importsOf(file)
      .filter((target) =>
        target.startsWith('.')
          ? unitOf(path.join(path.dirname(file), target)) !== unitOf(file)
          : !target.startsWith('node:'),
      )
      .map((target) => `${file} -> ${target}`),
  );
  expect(foreign).toEqual([]);
});

test('sends responses and sets headers in one module, except for CORS and the draining server', () => {
  const sending =
    /\b(?:res|response)\.(?:setHeader|appendHeader|append|set|vary|status|json|send|sendStatus|writeHead|end)\(/;
  const senders = files.filter(
    (file) =>
      !/^(cli|client|sandbox)\//.test(file) && sending.test(readFileSync(path.join(SRC, file), 'utf8')),
  );
  expect(senders).toEqual(['http/respond.ts', 'http/server.ts']);
});

test('has no import cycles', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(file: string, trail: readonly string[]): void {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
    else if (!done.has(file)) for (const target of graph.get(file)!) visit(target, [...trail, file]);
    done.add(file);
  }
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

const MAX_LINES = 250;

test('has no file of more than 250 lines, except for generated ones', () => {
  const long = ['src', 'test', 'config'].flatMap((folder) =>
    readdirSync(path.join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => path.join(folder, file))
      .filter(
        (file) => /\.(ts|js|cjs|css|html|lua|yml|yaml|sh)$/.test(file) && !file.startsWith('test/vectors/'),
      )
      .filter(
        (file) => readFileSync(path.join(PROJECT_ROOT, file), 'utf8').split('\n').length > MAX_LINES + 1,
      ),
  );
  expect(long).toEqual(['src/client/schema.ts']);
});
