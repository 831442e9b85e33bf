import { z } from 'zod';
import { ConfigError, ConfigIssues } from '../../src/config/config-issues.ts';
import { settingsFile } from '../../src/config/settings-file.ts';

const SCHEMA = z.strictObject({
  count: z.int().min(1).max(9),
  share: z.number().gt(0),
  scopes: z.partialRecord(z.enum(['notes', 'entity']), z.string()),
});
const file = (content: unknown) => settingsFile('config/example.json', 'an example', SCHEMA, content);
const VALID = { count: 1, share: 0.5, scopes: { notes: 'a' } };

test('returns valid settings', () => {
  const issues = new ConfigIssues();
  expect(file(VALID).read(issues)).toEqual(VALID);
  expect(issues.found).toEqual([]);
  expect(file(VALID).load()).toEqual(VALID);
});

test.each([
  [{ ...VALID, count: 1.5 }, ['count must be a whole number']],
  [{ ...VALID, count: 0, share: 0 }, ['count must be at least 1', 'share must be more than 0']],
  [{ ...VALID, count: 10 }, ['count must be at most 9']],
  [{ ...VALID, share: '1', scopes: [] }, ['share must be a number', 'scopes must be an object']],
  [{ ...VALID, scopes: { notes: 1 } }, ['scopes.notes must be a string']],
  [{ ...VALID, scopes: { nots: 'a' } }, ['scopes.nots is not a known name']],
  [{ ...VALID, cuont: 1, 'a\u001B b': 2 }, ['cuont is not a known name', '"a\\u001b b" is not a known name']],
  [{ count: 1, scopes: {} }, ['share is missing']],
  [[], ['must be an object']],
])('reports %j in plain words, as one line for each issue', (content, messages) => {
  const issues = new ConfigIssues();
  expect(file(content).read(issues)).toBeUndefined();
  expect(issues.found).toEqual(messages.map((message) => `config/example.json: ${message}`));
  expect(() => file(content).load()).toThrow(ConfigError);
});
