import { readFileSync } from 'node:fs';
import path from 'node:path';
import { INCLUDES } from '../../src/contact/parts/index.ts';
import { AppError, ERROR_CODES } from '../../src/errors.ts';
import { problemOf } from '../../src/http/problem.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { PROJECT_ROOT } from '../support/child.ts';

const read = (file: string): string => readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
const FRONTEND = read('docs/frontend.md');

test('docs/frontend.md lists every code with its status', () => {
  const documented = [...FRONTEND.matchAll(/^\| (\d{3}) +\| ((?:`[A-Z_]+` ?)+)/gm)].flatMap(
    ([, status, codes = '']) => [...codes.matchAll(/[A-Z_]+/g)].map(([code]) => `${status} ${code}`),
  );
  // CLIENT_GONE is for the log: the client does not read the response.
  const codes = ERROR_CODES.filter((code) => code !== 'CLIENT_GONE');
  const statuses = codes.map((code) => `${problemOf(new AppError(code)).status} ${code}`);
  const ofConnections = [408, 417, 505].map((status) => `${status} INVALID_REQUEST`);
  expect(documented.toSorted()).toEqual([...statuses, ...ofConnections].toSorted());
});

test('docs/frontend.md describes every operation', () => {
  const parts = INCLUDES.map((include) => `/contacts/:id/${include}`);
  const named = OPERATIONS.filter(({ method, path }) => method !== 'get' || !parts.includes(path));
  const missing = named
    .map(({ id, method, path }) => `${method.toUpperCase()} ${path}${id === 'getContacts' ? '?ids=' : ''}`)
    .filter((route) => !FRONTEND.includes(route));
  expect(missing).toEqual([]);
  for (const include of INCLUDES) expect(FRONTEND).toContain(`/${include}\``);
});

test('docs/auth.md lists every scope of config/scopes.json with its member', () => {
  const { read: readScope, bypassCache, operations } = JSON.parse(read('config/scopes.json'));
  const scopes = Object.entries({
    read: readScope,
    bypassCache,
    ...Object.fromEntries(
      Object.entries(operations).map(([name, scope]) => [`operations.${name}`, scope as string]),
    ),
  });
  const documented = [...read('docs/auth.md').matchAll(/^\| `([a-z:]+)` +\|.*\| `([\w.]+)` +\|$/gm)];
  const found = documented.map(([, scope, member]) => [member, scope]);
  expect(found).toEqual(expect.arrayContaining(scopes));
  expect(found).toHaveLength(scopes.length);
});

interface LockedPackage {
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const isInstalled = ({ os, cpu }: LockedPackage): boolean =>
  (os?.includes('linux') ?? true) && (cpu?.includes('x64') ?? true);

test('the README states the number of packages, with and without those of development', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
  const all = Object.entries(packages)
    .filter(([folder, locked]) => folder !== '' && isInstalled(locked))
    .map(([, locked]) => locked);
  const [, few, many] = /about (\d+) packages instead of (\d+)/.exec(read('README.md'))!;
  expect(Math.abs(Number(few) - all.filter(({ dev }) => !dev).length)).toBeLessThan(10);
  expect(Math.abs(Number(many) - all.length)).toBeLessThan(30);
});
