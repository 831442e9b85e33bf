import type { Sample } from '../../src/telemetry/exposition.ts';
import { THRESHOLDS } from '../../src/telemetry/thresholds.ts';
import { newMetrics } from '../support/metrics.ts';

/** Returns the series that have counted something. */
const counted = (samples: readonly Sample[] = []) => samples.filter(({ value }) => value > 0);

test.each([
  ['http_requests_total', { route: '/contacts', method: 'GET', status: '503' }],
  ['http_requests_total', { route: '/contacts', method: 'HEAD', status: '503' }],
  ['http_requests_total', { route: '/contacts/:id/notes', method: 'POST', status: '201' }],
  ['http_request_duration_seconds_count', { route: '/contacts' }],
  ['cache_parts_total', { part: 'signals', outcome: 'stale' }],
  ['contact_reads_total', { result: 'failed' }],
  ['writes_total', { operation: 'createNote', outcome: 'unknown' }],
  ['near_cache_reads_total', { outcome: 'miss' }],
  ['upstream_calls_total', { purpose: 'refresh', outcome: 'UPSTREAM_EGRESS_REJECTED' }],
  ['upstream_calls_total', { purpose: 'caller', outcome: 'CONTACT_EXISTS' }],
  ['upstream_calls_total', { purpose: 'caller', outcome: 'NOT_CONTACT_OWNER' }],
  ['upstream_calls_total', { purpose: 'caller', outcome: 'ORG_NOT_CONFIGURED' }],
  ['upstream_contact_calls_total', {}],
  ['upstream_call_duration_seconds_count', { purpose: 'retry' }],
  ['upstream_calls_withheld_total', { reason: 'QUEUE_FULL' }],
  ['rate_limit_decisions_total', { tier: 'internal', decision: 'unavailable' }],
  ['auth_refusals_total', { code: 'INVALID_TOKEN' }],
  ['redis_failures_total', { code: 'TIMEOUT' }],
])('the series of known labels of %s begin with 0', async (name, labels) => {
  const metrics = newMetrics();
  expect((await metrics.samples())[name]).toContainEqual({ labels, value: 0 });
});

test('the writes are the operations that can change something', async () => {
  const { writes_total: writes } = await newMetrics().samples();
  expect(new Set(writes!.map(({ labels }) => labels['operation']))).toEqual(new Set(['createNote']));
});

test.each([
  ['http_request_duration_seconds_bucket', THRESHOLDS.slowS],
  ['upstream_call_duration_seconds_bucket', THRESHOLDS.slowUpstreamS],
])('a threshold of %s is a bound: between two bounds a quantile is a guess', async (name, threshold) => {
  const samples = (await newMetrics().samples())[name]!;
  expect(samples.map(({ labels }) => Number(labels['le']))).toContain(threshold);
});

test('every metric with labels has a series from the start', async () => {
  const { text } = await newMetrics().render();
  const withoutSeries = [...text.matchAll(/^# TYPE (\S+) (?:counter|histogram)$/gm)]
    .map(([, name]) => name!)
    .filter((name) => !new RegExp(`^${name}(_bucket)?[{ ]`, 'm').test(text));
  expect(withoutSeries).toEqual([]);
});

test('samples() returns our own metrics without the prefix, with the scraped values', async () => {
  const metrics = newMetrics();
  metrics.collectProcess();
  metrics.request('/contacts', 'GET', 200, 0.02);
  metrics.request('/contacts', 'BREW', 405, 0.02);
  metrics.contactRead('hit', true);
  metrics.gauge('some_bytes', 'Some', () => 7);
  const samples = await metrics.samples();
  expect(counted(samples['http_requests_total'])).toEqual([
    { labels: { route: '/contacts', method: 'GET', status: '200' }, value: 1 },
    { labels: { route: '/contacts', method: 'other', status: '405' }, value: 1 },
  ]);
  expect(counted(samples['http_request_duration_seconds_count'])).toEqual([
    { labels: { route: '/contacts' }, value: 2 },
  ]);
  expect(samples['http_request_duration_seconds_bucket']).toContainEqual({
    labels: { route: '/contacts', le: 0.025 },
    value: 2,
  });
  expect(samples['cache_collapsed_total']).toEqual([{ labels: {}, value: 1 }]);
  expect(samples['some_bytes']).toEqual([{ labels: {}, value: 7 }]);
  expect(Object.keys(samples).filter((name) => /nodejs|process/.test(name))).toEqual([]);
  const { text } = await metrics.render();
  expect(text).toContain('zyntro_bff_http_requests_total{route="/contacts",method="GET",status="200"} 1');
});

test('counts withheld calls only for known reasons', async () => {
  const metrics = newMetrics();
  for (const reason of ['HELD', 'INVALID_API_KEY', undefined, 'anything'])
    metrics.upstreamCallWithheld(reason);
  expect(counted((await metrics.samples())['upstream_calls_withheld_total'])).toEqual([
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
