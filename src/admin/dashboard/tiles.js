import { element } from './charts.js';
import { bytes, number, perSecond, percent, seconds, span, sum } from './figures.js';
import { savings } from './tables.js';

/** Shows the tiles. A tile is marked if a symptom or a fault is about its figure. */
export function showTiles(host, status) {
  const about = new Set(status.symptoms.map((symptom) => symptom.about));
  host.replaceChildren(
    ...[...flowTiles(status.recent, about), ...stateTiles(status, about)].map(([name, figure, more, bad]) => {
      const words = element('dd', {}, element('b', {}, figure), element('small', {}, more));
      return element('div', bad ? { class: 'bad' } : {}, element('dt', {}, name), words);
    }),
  );
}

/** Returns the tiles: name, figure, additional text, and whether the value needs attention. */
function flowTiles(recent, about) {
  const { seconds: length, requests, failures, median, p95, hits, misses, calls, callFailures } = recent;
  return [
    [
      'Requests',
      perSecond(requests / length),
      `${percent(failures / requests)} failed`,
      about.has('requests'),
    ],
    ['Response time', seconds(median), `95 % within ${seconds(p95)}`, about.has('responseTime')],
    ['From the cache', percent(hits / (hits + misses)), 'of the parts served'],
    [
      'Calls to Zyntro',
      perSecond(calls / length),
      `${percent(callFailures / calls)} failed`,
      callFailures > 0 || about.has('calls'),
    ],
  ];
}

function stateTiles(status, about) {
  const { metrics, recent, egress, uptimeS, version } = status;
  const { share, words } = savings(status);
  const value = (name) => metrics[name]?.[0]?.value;
  const [active, most, waiting] = ['active', 'active_max', 'waiting'].map((name) =>
    value(`upstream_calls_${name}`),
  );
  const lag = value('event_loop_lag_seconds');
  const cached = value('near_cache_bytes') ?? value('memory_cache_bytes');
  return [
    ['Calls saved', percent(share), words],
    [
      'Calls in flight',
      `${number(active)} of ${number(most)}`,
      `${number(waiting)} queued`,
      about.has('queue'),
    ],
    breakerTile(value('upstream_breaker_open') === 1, recent.withheld),
    redisTile(value('redis_up')),
    ['Cache in memory', bytes(cached), nearWords(metrics)],
    ['Event loop', `${Math.round(lag * 1000)} ms`, 'lag', about.has('eventLoop')],
    ['Calls leave from', egress.localAddress ?? egress.proxy ?? 'any address', egressWords(egress)],
    ['Up', span(uptimeS), `version ${version}`],
  ];
}

function breakerTile(open, withheld) {
  const some = `${number(withheld)} calls not made in the last minute`;
  const none = open ? 'calls to Zyntro fail fast' : 'all calls were made';
  return ['Circuit breaker', open ? 'open' : 'closed', withheld > 0 ? some : none, open || withheld > 0];
}

function redisTile(up) {
  if (up === undefined) return ['Redis', 'none', 'all state is in this process'];
  return [
    'Redis',
    up ? 'works' : 'fails',
    up ? 'shared with other processes' : 'see the current problems',
    !up,
  ];
}

function egressWords({ localAddress, proxy }) {
  if (localAddress) return 'an address of this machine';
  return proxy ? 'the egress proxy' : 'not configured';
}

function nearWords(metrics) {
  const reads = sum(metrics.near_cache_reads_total);
  const hits = sum(metrics.near_cache_reads_total, ({ outcome }) => outcome === 'hit');
  return reads === 0 ? 'of this process' : `${percent(hits / reads)} of reads without Redis`;
}
