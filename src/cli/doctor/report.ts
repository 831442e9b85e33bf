import { styleText } from 'node:util';
import type { Finding, Status } from './finding.ts';

const COLOURS = { passed: 'green', warned: 'yellow', failed: 'red' } as const;
const WORDS: Readonly<Record<Status, string>> = { passed: 'passed', warned: 'WARNED', failed: 'FAILED' };

function count(findings: readonly Finding[], status: Status): number {
  return findings.filter((finding) => finding.status === status).length;
}

/** For people: a line a finding, what to do below it, and the sum. In colour on a terminal alone. */
export function asText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, detail, advice }) => [
    `${styleText(COLOURS[status], WORDS[status])}  ${check.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`        ${' '.repeat(width)}  -> ${advice}`]),
  ]);
  const sum = (['failed', 'warned', 'passed'] as const)
    .map((status) => `${count(findings, status)} ${status}`)
    .join(', ');
  return `${lines.join('\n')}\n\n${sum}\n`;
}

/** For scripts. */
export function asJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ ok: count(findings, 'failed') === 0, checks: findings }, null, 2)}\n`;
}
