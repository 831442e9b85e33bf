import { Health } from '../../src/telemetry/health.ts';

test('keeps the last twenty past faults, newest first', () => {
  let now = 0;
  const health = new Health(() => now);
  for (let count = 1; count <= 25; count += 1) {
    now = count * 1000;
    health.fail('redis', `fault ${count}`);
    now += 500;
    health.recover('redis');
  }
  expect(health.report().reasons).toEqual([]);
  expect(health.past()).toHaveLength(20);
  expect(health.past()[0]).toEqual({
    component: 'redis',
    detail: 'fault 25',
    since: '1970-01-01T00:00:25.000Z',
    until: '1970-01-01T00:00:25.500Z',
  });
  expect(health.past().at(-1)?.detail).toBe('fault 6');
});

test('ends a fault when the component reports another detail, and not when it repeats the same', () => {
  const health = new Health(() => 0);
  health.fail('upstream', 'INVALID_API_KEY');
  health.fail('upstream', 'INVALID_API_KEY');
  expect(health.past()).toEqual([]);
  health.fail('upstream', 'IP_NOT_WHITELISTED');
  expect(health.past().map(({ detail }) => detail)).toEqual(['INVALID_API_KEY']);
  health.recover('redis');
  expect(health.past()).toHaveLength(1);
});
