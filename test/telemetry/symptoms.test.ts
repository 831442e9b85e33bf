import { symptomsOf, type Observed } from '../../src/telemetry/symptoms.ts';
import type { Interval } from '../../src/telemetry/interval.ts';

const QUIET: Interval = {
  seconds: 60,
  requests: 0,
  failures: 0,
  hits: 0,
  misses: 0,
  calls: 0,
  callFailures: 0,
  withheld: 0,
  median: null,
  p95: null,
  callP95: null,
};

type Change = { readonly [Name in 'recent' | 'long']?: Partial<Interval> } & {
  readonly withheld?: readonly [string, number][];
  readonly gauges?: Readonly<Record<string, number>>;
};

function observed({ recent = {}, long = recent, withheld = [], gauges = {} }: Change): Observed {
  const samples = Object.entries(gauges).map(([name, value]) => [name, [{ labels: {}, value }]]);
  return {
    recent: { ...QUIET, ...recent },
    long: { ...QUIET, seconds: 600, ...long },
    withheld: Object.fromEntries(withheld),
    samples: Object.fromEntries(samples),
  };
}

const LIMITS = { upstream_calls_waiting_max: 256, event_loop_lag_max_seconds: 1 };

test.each<[string, Change]>([
  ['nothing happens', { gauges: LIMITS }],
  ['all requests succeed', { recent: { requests: 1000, median: 0.01, p95: 0.2, callP95: 0.5 } }],
  ['failures ended more than a minute ago', { recent: { requests: 9 }, long: { requests: 12, failures: 3 } }],
  ['one of few requests is slow', { recent: { requests: 3, median: 3, p95: 4 } }],
  [
    'half of the queue is in use, and the loop lags by a tenth of its limit',
    { gauges: { ...LIMITS, upstream_calls_waiting: 128, event_loop_lag_seconds: 0.1 } },
  ],
])('reports nothing if %s', (_case, change) => {
  expect(symptomsOf(observed(change))).toEqual([]);
});

test.each<[string, Change, string, string, string]>([
  [
    'most requests fail',
    { recent: { requests: 100, failures: 97 } },
    'critical',
    'requests',
    '97 % of the requests of the last minute failed (97 of 100)',
  ],
  [
    'each of a few requests fails',
    { recent: { requests: 0 }, long: { requests: 3, failures: 3 } },
    'critical',
    'requests',
    '100 % of the requests of the last ten minutes failed (3 of 3)',
  ],
  [
    'some requests fail',
    { recent: { requests: 1000, failures: 2 } },
    'warning',
    'requests',
    '0.2 % of the requests of the last minute failed (2 of 1000)',
  ],
  [
    'most responses are slow',
    { recent: { requests: 50, median: 3.42, p95: 4.4 } },
    'critical',
    'responseTime',
    'half of the responses take over 3.4 s',
  ],
  [
    'some responses are slow',
    { recent: { requests: 50, median: 0.1, p95: 2.1 } },
    'warning',
    'responseTime',
    'one response in twenty takes over 2.1 s',
  ],
  [
    'the few responses of ten minutes are slow',
    { recent: { requests: 1, median: 3, p95: 3 }, long: { requests: 6, median: 3, p95: 3 } },
    'critical',
    'responseTime',
    'half of the responses take over 3 s',
  ],
  [
    'calls are withheld',
    {
      recent: { withheld: 3037 },
      withheld: [
        ['QUEUE_FULL', 37],
        ['HELD', 3000],
      ],
    },
    'warning',
    'withheld',
    '3037 calls to Zyntro were not made in the last minute: Zyntro had rejected the calls before them',
  ],
  [
    'calls are slow',
    { recent: { callP95: 4 } },
    'warning',
    'calls',
    'one call to Zyntro in twenty takes over 4 s',
  ],
  [
    'calls are queued',
    { gauges: { ...LIMITS, upstream_calls_waiting: 129 } },
    'warning',
    'queue',
    '129 of 256 calls to Zyntro wait in the queue',
  ],
  [
    'the event loop lags',
    { gauges: { ...LIMITS, event_loop_lag_seconds: 0.25 } },
    'warning',
    'eventLoop',
    'the event loop lags by 250 ms; above 1 s requests are rejected',
  ],
])('reports a symptom if %s', (_case, change, level, about, text) => {
  expect(symptomsOf(observed(change))).toEqual([{ level, about, text }]);
});

test('reports critical symptoms first', () => {
  const symptoms = symptomsOf(
    observed({ recent: { requests: 10, failures: 1, median: 3, p95: 4, callP95: 4 } }),
  );
  expect(symptoms.map(({ about }) => about)).toEqual(['responseTime', 'requests', 'calls']);
});
