import { clusterFailover } from '../bench/cluster-failover.ts';

const NAMED = /^(502 UPSTREAM_BAD_RESPONSE|503 UPSTREAM_UNAVAILABLE|504 UPSTREAM_TIMEOUT)$/;

test('returns no wrong response and no internal error when a Cluster master is killed under load', async () => {
  const figures = await clusterFailover({
    processes: 2,
    concurrency: 8,
    contacts: 40,
    secondsBefore: 1,
    secondsAfter: 8,
  });
  expect(figures.wrong).toBe(0);
  expect(Object.keys(figures.failed).filter((failure) => !NAMED.test(failure))).toEqual([]);
  expect(figures.requests).toBeGreaterThan(100);
  // The killed master held some of the contacts.
  expect(figures.misses).toBeGreaterThan(0);
  expect(figures.over1000Ms).toBeLessThan(figures.requests / 20);
});
