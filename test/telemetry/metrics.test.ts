import { newMetrics } from '../support/metrics.ts';

test('samples() returns our own metrics without the prefix, with the scraped values', async () => {
  const metrics = newMetrics();
  metrics.collectProcess();
  metrics.request('/contacts', 'GET', 200, 0.02);
  metrics.request('/contacts', 'BREW', 405, 0.02);
  metrics.contactRead('hit', true);
  metrics.gauge('some_bytes', 'Some', () => 7);
  const samples = await metrics.samples();
  expect(samples['http_requests_total']).toEqual([
    { labels: { route: '/contacts', method: 'GET', status: '200' }, value: 1 },
    { labels: { route: '/contacts', method: 'other', status: '405' }, value: 1 },
  ]);
  expect(samples['http_request_duration_seconds_count']).toEqual([
    { labels: { route: '/contacts' }, value: 2 },
  ]);
  expect(samples['http_request_duration_seconds_bucket']).toContainEqual({
    labels: { route: '/contacts', le: 0.025 },
    value: 2,
  });
  expect(samples['cache_collapsed_total']).toEqual([{ labels: {}, value: 1 }]);
  expect(samples['some_bytes']).toEqual([{ labels: {}, value: 7 }]);
  expect(samples['cache_parts_total']).toEqual([]);
  expect(Object.keys(samples).filter((name) => /nodejs|process/.test(name))).toEqual([]);
  const { text } = await metrics.render();
  expect(text).toContain('zyntro_bff_http_requests_total{route="/contacts",method="GET",status="200"} 1');
});

test('counts withheld calls only for known reasons', async () => {
  const metrics = newMetrics();
  for (const reason of ['HELD', 'INVALID_API_KEY', undefined, 'anything'])
    metrics.upstreamCallWithheld(reason);
  expect((await metrics.samples())['upstream_calls_withheld_total']).toEqual([
    { labels: { reason: 'HELD' }, value: 1 },
  ]);
});

test('removes the label values that a gauge no longer reads', async () => {
  const metrics = newMetrics();
  let read: [string, number][] = [
    ['0', 2],
    ['1', 3],
  ];
  metrics.gauges('keys', 'Keys', 'issuer', () => read);
  expect((await metrics.samples())['keys']).toHaveLength(2);
  read = [['0', 5]];
  expect((await metrics.samples())['keys']).toEqual([{ labels: { issuer: '0' }, value: 5 }]);
});
