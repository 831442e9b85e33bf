import { loadConfig } from '../../src/config/index.ts';
import { GOOD, issuesOf } from '../support/config.ts';

describe('rate limits', () => {
  test('RATE_LIMIT_TIERS adds tiers to those of the file and overrides them', () => {
    const text = '{"internal":{"limit":9,"windowS":5},"batch":{"limit":7,"windowS":60}}';
    const { tiers, onFailure } = loadConfig({ ...GOOD, RATE_LIMIT_TIERS: text }).limits;
    expect([...tiers.values()]).toEqual([
      { name: 'default', limit: 120, windowMs: 60_000 },
      { name: 'internal', limit: 9, windowMs: 5000 },
      { name: 'batch', limit: 7, windowMs: 60_000 },
    ]);
    expect(onFailure).toBe('local');
  });

  test.each([
    ['{', 'is not JSON'],
    [
      '{"default":{"limit":1,"windowS":1},"default":{"limit":2,"windowS":1}}',
      'has a name twice, and only the last would count',
    ],
    ['{"default":{"limit":0,"windowS":60}}', 'default.limit must be at least 1'],
    ['{"default":{"limit":1}}', 'default.windowS is missing'],
    [
      '{"a b":{"limit":1,"windowS":1}}',
      '"a b" is not a valid name: it must be up to 64 of A-Z a-z 0-9 . _ -',
    ],
    ['7', 'must be an object'],
    [
      '{"a":{"limit":1,"windowS":1,"writes":{"limit":1,"windowS":1}},"a-writes":{"limit":1,"windowS":1}}',
      '"a-writes" is the name of the writes of "a": use another',
    ],
    [
      '{"default":{"limit":1,"windowS":1,"writes":{"limit":1,"windowS":1}},"default-writes":{"limit":1,"windowS":1}}',
      '"default-writes" is the name of the writes of "default": use another',
    ],
    [
      '{"failed-authentication":{"limit":1,"windowS":1}}',
      '"failed-authentication" is the name of the limit of failed authentication: use another',
    ],
    [
      '{"internal":{"limit":1,"windowS":1,"writes":{"limit":1,"windowS":1}},"internal-writes":{"limit":1,"windowS":1}}',
      '"internal-writes" is the name of the writes of "internal": use another',
    ],
  ])('RATE_LIMIT_TIERS=%s is an issue', (text, reason) => {
    expect(issuesOf({ ...GOOD, RATE_LIMIT_TIERS: text })).toEqual([`RATE_LIMIT_TIERS: ${reason}`]);
  });
});
