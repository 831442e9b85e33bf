import { styleText } from 'node:util';
import type { Finding, Status } from './finding.ts';

const COLOURS = { passed: 'green', warned: 'yellow', failed: 'red' } as const;
const WORDS: Readonly<Record<Status, string>> = { passed: 'passed', warned: 'WARNED', failed: 'FAILED' };

function count(findings: readonly Finding[], status: Status): number {
  return findings.filter((finding) => finding.status === status).length;
}

/** Formats findings as text: one line each, the advice below it, and a summary. Uses colour only on a terminal. */
export function asText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, detail, advice }) => [
    `${styleText(COLOURS[status], WORDS[status])}  ${check.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`        ${' '.repeat(width)}  -> ${advice}`]),
  ]);
  const summary = (['failed', 'warned', 'passed'] as const)
    .map((status) => `${count(findings, status)} ${status}`)
    .join(', ');
  return `${lines.join('\n')}\n\n${summary}\n`;
}

/** Formats findings as JSON. */
export function asJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ ok: count(findings, 'failed') === 0, checks: findings }, null, 2)}\n`;
}
