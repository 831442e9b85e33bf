import type { z } from 'zod';
import { ConfigIssues } from './config-issues.ts';
import { describeIssues, plainWords } from './values/plain-words.ts';

/** A file of `config/` with settings that are not secret. */
export interface SettingsFile<T> {
  readonly name: string;
  /** Markdown. */
  readonly description: string;
  /** Returns the settings; undefined if they have an issue, which is added. */
  read(issues: ConfigIssues): T | undefined;
  /** @throws ConfigError if the settings have an issue. */
  load(): T;
}

export function settingsFile<T>(
  name: string,
  description: string,
  schema: z.ZodType<T>,
  content: unknown,
): SettingsFile<T> {
  return {
    name,
    description,
    read(issues) {
      const result = schema.safeParse(content, { error: plainWords });
      if (result.success) return result.data;
      for (const issue of describeIssues(result.error)) issues.add(name, issue);
      return undefined;
    },
    load() {
      const issues = new ConfigIssues();
      const settings = this.read(issues);
      return issues.resolve(settings);
    },
  };
}
