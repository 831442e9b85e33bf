import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { OPERATIONS } from '../../src/sandbox/operations/index.ts';
import { ORGANIZATIONS, BRANDS } from '../../src/sandbox/world.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import { startSandbox } from '../support/start-sandbox.ts';
import { HANG_MS } from '../support/wait-for.ts';

const PAGE = readFileSync(path.join(PROJECT_ROOT, 'docs/sandbox.md'), 'utf8');
const run = promisify(execFile);

/** The commands of the page that call the sandbox itself, one or several lines each. */
const COMMANDS = [...PAGE.matchAll(/^curl (?:[^\n]*'\{\n[^']*'|[^\n]*)/gm)]
  .map(([command]) => command)
  .filter((command) => /127\.0\.0\.1:401[01]/.test(command));

test('every curl command of docs/sandbox.md works', async () => {
  expect(COMMANDS.length).toBeGreaterThan(12);
  const sandbox = await startSandbox();
  try {
    for (const command of COMMANDS) {
      const own = command
        .replaceAll('http://127.0.0.1:4010', sandbox.url)
        .replaceAll('http://127.0.0.1:4011', sandbox.controlUrl);
      const checked = own.replace('curl -s', 'curl -sS --fail-with-body');
      const { stdout } = await run('/bin/sh', ['-c', checked], { timeout: HANG_MS });
      expect([command, stdout]).toEqual([command, expect.not.stringContaining('"status":"error"')]);
    }
  } finally {
    await sandbox.stop();
  }
});

test('docs/sandbox.md lists every operation, organization, member and brand', () => {
  for (const { name } of OPERATIONS)
    expect(PAGE).toMatch(new RegExp(`^\\| `.concat(`\`[a-z/]*${name}\``), 'm'));
  for (const { id, name, members } of ORGANIZATIONS)
    for (const text of [id, name, ...members.flatMap((member) => [member.id, member.name])])
      expect(PAGE).toContain(text);
  for (const { id } of BRANDS) expect(PAGE).toMatch(new RegExp(`\\| ${id} +\\|`));
});
