import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parsedLines } from './child.ts';

const PATTERNS: Readonly<Record<string, RegExp>> = {
  'a JWT': /eyJ[\w-]{6,}\.[\w-]+\.[\w-]*/,
  'a subject in clear': /subject-[0-9a-f]{8}-/,
  'a developer secret': /zdk_\w+/,
  'an e-mail address': /[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+|\[email\s+protected\]/i,
  'a phone number': /\+\d{1,3}[-. (]\d{2,4}[-. )]|\+\d{9,}/,
};

interface SearchResult {
  readonly files: number;
  readonly lines: number;
  /** Kind and place of each match, without the value. */
  readonly findings: readonly string[];
}

/** Searches the output of all programs for registered values and for the patterns of sensitive data. */
export function searchLogs(directory: string): SearchResult {
  const names = readdirSync(directory);
  const noted = names
    .filter((name) => name.startsWith('sensitive-'))
    .flatMap((name) => parsedLines(readFileSync(path.join(directory, name), 'utf8')))
    .map((entry) => ({ kind: String(entry['kind']), value: String(entry['value']) }));
  const logs = names.filter((name) => name.startsWith('program-'));
  let lines = 0;
  const findings: string[] = [];
  for (const name of logs) {
    for (const [index, line] of readFileSync(path.join(directory, name), 'utf8').split('\n').entries()) {
      if (line === '') continue;
      lines += 1;
      const found = Object.keys(PATTERNS).filter((kind) => PATTERNS[kind]?.test(line));
      for (const { kind, value } of noted) if (line.includes(value)) found.push(kind);
      for (const kind of new Set(found)) findings.push(`${kind} in ${name}, line ${index + 1}`);
    }
  }
  return { files: logs.length, lines, findings };
}
