import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError, type ConfigIssues } from './config-issues.ts';
import { readTextFile } from './text-file.ts';
import { readText } from './text.ts';
import { SECRET_VARIABLES, VARIABLES, kindOf, type Values, type VariableName } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The process's own environment. In development a file `.env` in the working directory adds to it; anywhere
 * else the environment is the whole truth.
 *
 * @throws ConfigError when there is such a file and it cannot be read.
 */
export function processEnvironment(): Environment {
  if ((process.env['NODE_ENV'] || 'development') === 'development' && existsSync('.env')) {
    const read = readTextFile('.env');
    if ('issue' in read) throw new ConfigError([`.env: ${read.issue}`]);
    for (const [name, value] of Object.entries(parseEnv(read.text))) process.env[name] ??= value;
  }
  return process.env;
}

/** Reads every variable through its own check. A variable that has an issue is absent from the result. */
export function readEnvironment(env: Environment, faults: ConfigIssues): Partial<Values> {
  const texts = readTexts(env, faults);
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    if (faults.has(name)) continue;
    const result = VARIABLES[name].safeParse(texts[name]);
    if (result.success) values[name] = result.data;
    else faults.add(name, result.error.issues[0]?.message ?? 'is not valid');
  }
  return values as Partial<Values>;
}

export type Texts = Partial<Record<VariableName, string>>;

/** Reads the text of every variable that is set, from the environment or from the file that it names. */
export function readTexts(env: Environment, faults: ConfigIssues): Texts {
  const texts: Texts = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const text = (SECRET_NAMES.has(name) && fromFile(name, env, faults)) || fromVariable(name, env, faults);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

const SECRET_NAMES: ReadonlySet<string> = new Set(SECRET_VARIABLES);

function fromVariable(name: VariableName, env: Environment, faults: ConfigIssues): string | undefined {
  const raw = env[name];
  if (raw === undefined || raw === '' || faults.has(name)) return undefined;
  const read = readText(raw, kindOf(name));
  return 'text' in read ? read.text : faults.add(name, read.issue);
}

function fromFile(name: VariableName, env: Environment, faults: ConfigIssues): string | undefined {
  const variable = `${name}_FILE`;
  const raw = env[variable];
  if (raw === undefined || raw === '') return undefined;
  if (env[name]) return faults.add(name, `is set, and so is ${variable}: set one of them`);
  const path = readText(raw, 'word');
  if ('issue' in path) return faults.add(variable, path.issue);
  const file = readTextFile(path.text);
  if ('issue' in file) return faults.add(variable, file.issue);
  if (file.text.trim() === '') return faults.add(variable, 'the file is empty');
  const read = readText(file.text, kindOf(name));
  return 'text' in read ? read.text : faults.add(variable, `the value in the file ${read.issue}`);
}
