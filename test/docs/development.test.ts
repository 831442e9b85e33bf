import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT } from '../support/child.ts';
import { startWorld } from '../support/world.ts';

const PAGE = readFileSync(path.join(PROJECT_ROOT, 'docs', 'development.md'), 'utf8');
const BLOCK = /^```(ts|diff) file=(\S+)\n([^]*?)^```$/gm;

/** Applies the code blocks of one section of the page to a copy of the source. */
function applySection(title: string, root: string): void {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`the page has no section "${title}"`);
  for (const [, kind, file, text] of section.matchAll(BLOCK)) {
    const target = path.join(root, file!);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, kind === 'ts' ? text! : applyDiff(readFileSync(target, 'utf8'), text!));
  }
}

/** Replaces the lines with a space or a minus by those with a space or a plus. */
function applyDiff(source: string, diff: string): string {
  const lines = diff.split('\n').filter((line) => line !== '');
  const side = (sign: string) =>
    lines
      .filter((line) => ' '.concat(sign).includes(line[0]!))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const before = side('-');
  if (source.split(before).length !== 2) throw new Error(`not exactly once in the file:\n${before}`);
  return source.replace(before, () => side('+'));
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-walkthrough-'));
  for (const name of ['src', 'config', 'package.json', 'tsconfig.json'])
    cpSync(path.join(PROJECT_ROOT, name), path.join(root, name), { recursive: true });
  symlinkSync(path.join(PROJECT_ROOT, 'node_modules'), path.join(root, 'node_modules'));
});
afterEach(() => rmSync(root, { recursive: true }));

const typeCheck = () =>
  execFileSync(
    process.execPath,
    [path.join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc'), '-p', root, '--noEmit'],
    { encoding: 'utf8' },
  );

test('the walkthrough of a new include gives a part that can be read through the sandbox', async () => {
  applySection('A new include', root);
  typeCheck();
  const world = await startWorld({}, {}, { root });
  try {
    const id = world.freshContact();
    const answer = await world.get(`/contacts/${id}?include=deals`);
    expect(answer.json().data.deals).toEqual([{ title: 'Renewal', isWon: true }]);
    expect((await world.get(`/contacts/${id}/deals`)).headers['cache-status']).toMatch(/; hit; ttl=\d+/);
    const { paths } = (await world.get('/openapi.json')).json();
    expect(Object.keys(paths)).toContain('/contacts/{id}/deals');
  } finally {
    await world.stop();
  }
});

test('the walkthrough of a new operation gives a route that can be called through the sandbox', async () => {
  applySection('A new upstream operation with its route', root);
  typeCheck();
  const world = await startWorld({}, {}, { root });
  try {
    const answer = await world.get('/webhooks');
    expect(answer.json()).toEqual({ data: [{ id: '1', name: 'New contacts' }] });
    expect((await world.get('/webhooks', { method: 'DELETE' })).headers['allow']).toBe('GET, HEAD');
    expect((await world.get('/webhooks', { token: world.token({ scope: 'other' }) })).status).toBe(403);
  } finally {
    await world.stop();
  }
});
