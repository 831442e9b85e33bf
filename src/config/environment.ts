import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError, type ConfigIssues } from './config-issues.ts';
import { readTextFile } from './text-file.ts';
import { readText } from './text.ts';
import { SECRET_VARIABLES, VARIABLES, kindOf, type Values, type VariableName } from './variables.ts';

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

/** Reads and checks every variable. If a variable has an issue, it is absent from the result. */
export function readEnvironment(env: Environment, issues: ConfigIssues): Partial<Values> {
  const texts = readTexts(env, issues);
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    if (issues.has(name)) continue;
    const result = VARIABLES[name].safeParse(texts[name]);
    if (result.success) values[name] = result.data;
    else issues.add(name, result.error.issues[0]?.message ?? 'is not valid');
  }
  return values as Partial<Values>;
}

export type Texts = Partial<Record<VariableName, string>>;

/** Reads the text of every variable that is set, from the environment or from the file that it names. */
export function readTexts(env: Environment, issues: ConfigIssues): Texts {
  const texts: Texts = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const text = (SECRET_NAMES.has(name) && fromFile(name, env, issues)) || fromVariable(name, env, issues);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

const SECRET_NAMES: ReadonlySet<string> = new Set(SECRET_VARIABLES);

function fromVariable(name: VariableName, env: Environment, issues: ConfigIssues): string | undefined {
  const raw = env[name];
  if (raw === undefined || raw === '' || issues.has(name)) return undefined;
  const read = readText(raw, kindOf(name));
  return 'text' in read ? read.text : issues.add(name, read.issue);
}

function fromFile(name: VariableName, env: Environment, issues: ConfigIssues): string | undefined {
  const variable = `${name}_FILE`;
  const raw = env[variable];
  if (raw === undefined || raw === '') return undefined;
  if (env[name]) return issues.add(name, `is set, and so is ${variable}: set one of them`);
  const path = readText(raw, 'word');
  if ('issue' in path) return issues.add(variable, path.issue);
  const file = readTextFile(path.text);
  if ('issue' in file) return issues.add(variable, file.issue);
  if (file.text.trim() === '') return issues.add(variable, 'the file is empty');
  const read = readText(file.text, kindOf(name));
  return 'text' in read ? read.text : issues.add(variable, `the value in the file ${read.issue}`);
}
