import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from './support/child.ts';

/** Words that make prose hard to read at first sight, with their limits per 10,000 words. */
const LIMITS: readonly (readonly [name: string, pattern: RegExp, most: number])[] = [
  [
    'conditional "where"',
    /\bwhere (there|it|one|none|nothing|that|they|no|a|an|the|all|Redis|nobody|somebody|he|she|its|each|several|this)\b/gi,
    10,
  ],
  ['what-clauses', /\bwhat (is|was|has|a|an|the|came|it|they|each|can|could|one|cannot|does|comes)\b/gi, 20],
  ['whoever, whatever', /\b(whoever|whatever)\b/gi, 4],
  ['somebody, nobody', /\b(somebody|anybody|nobody|everybody)\b/gi, 4],
  ['"is no …"', /\b(is|are|was|be) no\b/g, 5],
  ['"has none"', /\b(has|have|needs?) none\b/gi, 0],
  ['told, tells', /\b(told|tells?)\b/gi, 3],
];
/** Prose with conditions has conjunctions. */
const CONJUNCTIONS = { pattern: /\b(if|when|unless)\b/g, least: 60 };

function filesBelow(folder: string, extension: RegExp): string[] {
  return readdirSync(path.join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => extension.test(file) && !/schema\.ts$|\.json$|(^|\/)vectors\//.test(file))
    .map((file) => path.join(PROJECT_ROOT, folder, file));
}

const COMMENT = /\/\*[^]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
/** String literals that are sentences, or parts of one: three words at least. */
const SENTENCE = /'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"/g;

function comments(text: string): string {
  return (text.match(COMMENT) ?? [])
    .map((comment) => comment.replace(/^\s*(\/\*\*?|\*\/?|\/\/+)/gm, ''))
    .join(' ');
}

function sentences(text: string): string {
  const code = text.replace(COMMENT, '').replace(/^import .*$/gm, '');
  return (code.match(SENTENCE) ?? []).filter((literal) => /\w+ \w+ \w+/.test(literal)).join(' ');
}

const CODE = /\.(ts|c?js)$/;
const read = (file: string) => readFileSync(file, 'utf8');
const source = (folder: string) => filesBelow(folder, CODE).map(read);

const wordsOf = (text: string) => text.split(/\s+/).length;
/** A text of fewer words is not measured by itself, because a single word would decide its rate. */
const MIN_WORDS = 1000;

const isLarge = ([, text]: readonly [string, string]) => wordsOf(text) >= MIN_WORDS;

/** Returns one text for each folder of `src`, and one for its small folders and its files together. */
function textsByFolder(extract: (file: string) => string): (readonly [name: string, text: string])[] {
  const folders = Map.groupBy(
    filesBelow('src', CODE),
    (file) => path.dirname(path.relative(path.join(PROJECT_ROOT, 'src'), file)).split('/')[0]!,
  );
  const all = [...folders].map(([folder, files]) => {
    const text = files.map((file) => extract(read(file))).join(' ');
    return [folder, text] as const;
  });
  const rest = all.filter((one) => !isLarge(one)).map(([, text]) => text);
  return [...all.filter(isLarge), ['the small folders', rest.join(' ')]];
}

const documents = [
  ...['README.md', 'CHANGELOG.md'].map((file) => path.join(PROJECT_ROOT, file)),
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('.github', /\.md$/),
  ...filesBelow('src', /\.md$/),
  ...filesBelow('test', /\.md$/),
];
const withoutTags = (html: string) => html.replaceAll(/<[^>]*>/g, ' ');
/** The files of `config` that can have comments. */
const SETTINGS = /\.(ya?ml|conf|service|sysusers|example)$|(^|\/)(Dockerfile|allowed-hosts)$/;
/** Returns the comments of a settings file, which begin with `#`. */
const commentsOfSettings = (text: string) => (text.match(/(?<=^\s*|\s)# [^\n]*/gm) ?? []).join(' ');
const texts: readonly (readonly [string, string])[] = [
  ...textsByFolder(comments).map(([folder, text]) => [`comments in src: ${folder}`, text] as const),
  ['comments in test', source('test').map(comments).join(' ')],
  ...textsByFolder(sentences).map(([folder, text]) => [`texts in src: ${folder}`, text] as const),
  ['titles and texts in test', source('test').map(sentences).join(' ')],
  ['documents', documents.map(read).join(' ')],
  [
    'pages and settings',
    [
      ...filesBelow('src', /\.html$/).map((file) => withoutTags(read(file))),
      ...filesBelow('config', SETTINGS).map((file) => commentsOfSettings(read(file))),
    ].join(' '),
  ],
];

test.each(texts)('%s are in plain words', (name, text) => {
  const words = wordsOf(text);
  const per10000 = (pattern: RegExp) => (10_000 * (text.match(pattern) ?? []).length) / words;
  const rates = LIMITS.map(([word, pattern, most]) => ({ word, rate: per10000(pattern), most }));
  expect(rates.filter(({ rate, most }) => rate > most)).toEqual([]);
  if (name.startsWith('comments')) expect(per10000(CONJUNCTIONS.pattern)).toBeGreaterThan(CONJUNCTIONS.least);
});
