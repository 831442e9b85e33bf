import { readFileSync } from 'node:fs';
import { SECRET_VARIABLES, VARIABLES, type Values, type VariableName } from './variables.ts';
import { ConfigError, type Faults } from './faults.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The process's own environment. In development a file `.env` in the working directory adds to it; anywhere
 * else the environment is the whole truth.
 *
 * @throws ConfigError where there is such a file and it cannot be read.
 */
export function processEnvironment(): Environment {
  if ((process.env['NODE_ENV'] ?? 'development') === 'development') {
    try {
      process.loadEnvFile();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new ConfigError([`.env: the file cannot be read (${code})`]);
    }
  }
  return process.env;
}

const MAX_SECRET_FILE_BYTES = 1024 * 1024;

/** Reads every variable through its own check. What has a fault is absent from the result. */
export function readEnvironment(env: Environment, faults: Faults): Partial<Values> {
  const resolved = resolveSecretFiles(env, faults);
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const text = resolved[name];
    const result = VARIABLES[name].safeParse(text === '' ? undefined : text);
    if (result.success) values[name] = result.data;
    else faults.add(name, result.error.issues[0]?.message ?? 'is not valid');
  }
  return values as Partial<Values>;
}

/** The environment with each secret in the place of its `_FILE`; one that cannot be had is absent. */
export function resolveSecretFiles(env: Environment, faults: Faults): Environment {
  const resolved = { ...env };
  for (const name of SECRET_VARIABLES) {
    const path = env[`${name}_FILE`];
    if (path === undefined || path === '') continue;
    if (env[name]) faults.add(name, `is set, and so is ${name}_FILE: set one of them`);
    delete resolved[`${name}_FILE`];
    resolved[name] = readSecretFile(name, path, faults);
  }
  return resolved;
}

/** What the file holds, less one line end, which editors and `echo` add. */
function readSecretFile(name: VariableName, path: string, faults: Faults): string | undefined {
  try {
    const content = readFileSync(path);
    if (content.length > MAX_SECRET_FILE_BYTES) return faults.add(`${name}_FILE`, 'the file is over 1 MiB');
    const text = content.toString('utf8').replace(/\r?\n$/, '');
    return text.trim() === '' ? faults.add(`${name}_FILE`, 'the file is empty') : text;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return faults.add(`${name}_FILE`, `the file cannot be read (${code})`);
  }
}
