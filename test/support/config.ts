import { ConfigError } from '../../src/config/config-issues.ts';
import { loadConfig } from '../../src/config/index.ts';

export const SECRET = 'Zp3vX1q8bN5mC7kL0jH2gF4dS6aQ9wE+rTyUiOp/1A=';
/** A valid configuration with all required variables and no other. */
export const GOOD = {
  JWT_SECRET: SECRET,
  JWT_ISSUER: 'https://id.example.com',
  JWT_AUDIENCE: 'zyntro-bff',
  ZYNTRO_API_KEY: 'an-api-key',
  ZYNTRO_DEVELOPER_SECRET: 'zdk_a-developer-secret',
};

/** Returns the issues of a configuration, each with its name. */
export function issuesOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

/** Returns the names in the issues of a configuration. */
export const namesOf = (env: Record<string, string | undefined>) =>
  issuesOf(env).map((issue) => issue.split(':')[0]);
