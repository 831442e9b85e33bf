import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError, type ConfigIssues } from './config-issues.ts';
import { plainWords } from './values/plain-words.ts';
import { readTextFile } from './values/text-file.ts';
import { readText } from './values/text.ts';
import type { Values, Variable, Variables } from './variable.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the environment of the process. In development, adds the variables of the file `.env` in the working
 * directory that are not set.
 *
 * @throws ConfigError if the file exists and cannot be read.
 */
export function processEnvironment(): Environment {
  if ((process.env['NODE_ENV'] || 'development') === 'development' && existsSync('.env')) {
    const read = readTextFile('.env');
    if ('issue' in read) throw new ConfigError([`.env: ${read.issue}`]);
    for (const [name, value] of Object.entries(parseEnv(read.text))) process.env[name] ??= value;
  }
  return process.env;
}

/** Reads and checks the variables. If a variable has an issue, its value is the default. */
export function readVariables<V extends Variables>(
  variables: V,
  env: Environment,
  issues: ConfigIssues,
): Values<V> {
  const texts = readTexts(variables, env, issues);
  const entries = Object.entries(variables).map(([name, variable]) => {
    const text = texts[name];
    if (text === undefined) return [name, variable.default];
    const result = variable.schema.safeParse(text, { error: plainWords });
    if (result.success) return [name, result.data];
    issues.add(name, result.error.issues[0]?.message ?? 'is not valid');
    return [name, variable.default];
  });
  return Object.fromEntries(entries) as Values<V>;
}

type Texts<V extends Variables> = Partial<Record<keyof V, string>>;

/** Reads the text of every variable that is set, from the environment or from the file that it names. */
function readTexts<V extends Variables>(variables: V, env: Environment, issues: ConfigIssues): Texts<V> {
  const texts: Partial<Record<string, string>> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const text =
      (variable.secret && fromFile(name, variable, env, issues)) || fromVariable(name, variable, env, issues);
    if (text !== undefined) texts[name] = text;
  }
  return texts as Texts<V>;
}

function fromVariable(
  name: string,
  { kind }: Variable<unknown>,
  env: Environment,
  issues: ConfigIssues,
): string | undefined {
  const raw = env[name];
  if (raw === undefined || raw === '' || issues.has(name)) return undefined;
  if (kind === 'foreign') return raw.trim() || undefined;
  const read = readText(raw, kind);
  return 'text' in read ? read.text : issues.add(name, read.issue);
}

function fromFile(
  name: string,
  { kind }: Variable<unknown>,
  env: Environment,
  issues: ConfigIssues,
): string | undefined {
  const fileName = `${name}_FILE`;
  const raw = env[fileName];
  if (raw === undefined || raw === '') return undefined;
  if (env[name]) return issues.add(name, `is set, and so is ${fileName}: set one of them`);
  const path = readText(raw, 'word');
  if ('issue' in path) return issues.add(fileName, path.issue);
  const file = readTextFile(path.text);
  if ('issue' in file) return issues.add(fileName, file.issue);
  if (file.text.trim() === '') return issues.add(fileName, 'the file is empty');
  const read = readText(file.text, kind);
  return 'text' in read ? read.text : issues.add(fileName, `the value in the file ${read.issue}`);
}
