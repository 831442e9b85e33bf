import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from './child.ts';

const FOLDERS = ['docs', '.github', 'src', 'test'];

/** Returns the paths of the project's Markdown files, relative to its root. */
export function markdownFiles(): string[] {
  const atRoot = readdirSync(PROJECT_ROOT).filter((file) => file.endsWith('.md'));
  return [...atRoot, ...FOLDERS.flatMap(markdownBelow)].toSorted();
}

function markdownBelow(folder: string): string[] {
  return readdirSync(path.join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('vectors'))
    .map((file) => path.join(folder, file));
}

const read = (file: string): string => readFileSync(path.join(PROJECT_ROOT, file), 'utf8');

/** A fence with its info string, and the code. */
const FENCE = /^ *```(.*)\n([^]*?)^ *```$/gm;

export interface CodeBlock {
  readonly file: string;
  /** The line of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The `name=value` pairs after the language. */
  readonly marks: ReadonlyMap<string, string>;
  readonly code: string;
}

export function codeBlocks(file: string): CodeBlock[] {
  const text = read(file);
  return [...text.matchAll(FENCE)].map(({ 1: info = '', 2: code = '', index }) => {
    const [language = '', ...marks] = info.trim().split(/\s+/);
    const line = text.slice(0, index).split('\n').length;
    return { file, line, language, code, marks: new Map(marks.map((mark) => pair(mark))) };
  });
}

function pair(mark: string): [string, string] {
  const [name = '', value = ''] = mark.split('=');
  return [name, value];
}

const withoutCode = (text: string): string => text.replace(FENCE, '').replace(/`[^`\n]*`/g, '`code`');

/** Returns the anchors that GitHub gives to the headings of a file. */
function anchorsOf(file: string): Set<string> {
  const anchors = new Set<string>();
  const headings = read(file)
    .replace(FENCE, '')
    .matchAll(/^#{1,6} +(.+)$/gm);
  for (const [, heading = ''] of headings) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Returns the targets of the relative links and images of a file. */
export function relativeLinks(file: string): string[] {
  const targets = [...withoutCode(read(file)).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(
    ([, target = '']) => target,
  );
  return targets.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** Describes the fault of a link from a file; undefined if it resolves. */
export function linkFault(from: string, target: string): string | undefined {
  const [address = '', anchor] = target.split('#');
  const file = address === '' ? from : path.join(path.dirname(from), address);
  if (file.startsWith('..')) return `${target} leaves the project`;
  if (!existsSync(path.join(PROJECT_ROOT, file))) return `${target}: the file does not exist`;
  if (anchor === undefined) return undefined;
  if (!statSync(path.join(PROJECT_ROOT, file)).isFile()) return `${target}: a folder does not have headings`;
  return anchorsOf(file).has(anchor) ? undefined : `${target}: the heading does not exist`;
}
