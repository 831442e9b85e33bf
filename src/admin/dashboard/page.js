import { element, openCharts } from './charts.js';
import * as figures from './figures.js';
import { TokenNeeded, fetchStatus, takeToken } from './session.js';
import { savings, showTables } from './tables.js';

const EVERY_MS = 2000;
const KEPT = 300;
const RECENT_S = 60;

const at = (id) => document.getElementById(id);
const { number, perSecond, percent, seconds, sum } = figures;

let history = [];
let showCharts;
let timer;
let paused = false;
let isFetching = false;

async function poll() {
  clearTimeout(timer);
  if (isFetching || paused || document.hidden) return;
  isFetching = true;
  try {
    show(await fetchStatus());
  } catch (error) {
    if (error instanceof TokenNeeded) return promptForToken(error.message);
    showState('unreachable', 'This instance does not respond; the figures are outdated');
  } finally {
    isFetching = false;
  }
  timer = setTimeout(poll, EVERY_MS);
}

function promptForToken(message) {
  at('page').hidden = true;
  at('pause').hidden = true;
  at('sign-in').hidden = false;
  at('sign-in-fault').textContent = message;
  showState('locked', 'Locked');
  at('token').focus();
}

function show(status) {
  at('sign-in').hidden = true;
  at('pause').hidden = false;
  at('page').hidden = false;
  showCharts ??= openCharts(at('charts'));
  const totals = figures.totalsOf(status);
  if (history.length > 0 && figures.isAnotherProcess(history.at(-1), totals)) history = [];
  history = [...history.slice(1 - KEPT), totals];
  showState(status.status, stateWords(status));
  showProblems(status);
  showTiles(status);
  showCharts(history.slice(1).map((after, index) => figures.between(history[index], after)));
  showTables(at('tables'), status);
  showFacts(status);
}

/** Changes the text only if it differs, because screen readers announce each change. */
function showState(state, words) {
  if (at('state').textContent !== words) at('state').textContent = words;
  at('state').dataset.state = state;
}

function stateWords({ status, reasons }) {
  if (status === 'starting') return 'Starting';
  if (status === 'draining') return 'Draining: finishing requests in flight';
  if (reasons.length === 0) return 'Ready, no problems';
  return `Ready, with ${reasons.length === 1 ? 'one problem' : `${reasons.length} problems`}`;
}

function dateTime(time) {
  return new Date(time).toLocaleString('en-GB');
}

function showProblems({ reasons, past }) {
  const now = reasons.map((problem) =>
    element(
      'li',
      {},
      element('b', {}, problem.component),
      ` ${problem.detail} `,
      element('small', {}, `since ${dateTime(problem.since)}`),
    ),
  );
  at('faults').replaceChildren(...(now.length > 0 ? now : [element('li', { class: 'well' }, 'Nothing.')]));
  const over = past.map((problem) =>
    element(
      'li',
      {},
      element('b', {}, problem.component),
      ` ${problem.detail} `,
      element('small', {}, `${dateTime(problem.since)} to ${dateTime(problem.until)}`),
    ),
  );
  at('past').replaceChildren(
    ...(over.length > 0 ? over : [element('li', {}, 'None since this process started.')]),
  );
}

function showTiles(status) {
  const last = history.at(-1);
  const recent = figures.between(
    history.find(({ at: time }) => time >= last.at - RECENT_S),
    last,
  );
  at('tiles').replaceChildren(
    ...[...flowTiles(recent), ...stateTiles(status)].map(([name, figure, more, bad]) => {
      const words = element('dd', {}, element('b', {}, figure), element('small', {}, more));
      return element('div', bad ? { class: 'bad' } : {}, element('dt', {}, name), words);
    }),
  );
}

/** Returns the tiles: name, figure, additional text, and whether the value needs attention. */
function flowTiles({ requests, failures, median, p95, hits, misses, calls, callFailures }) {
  return [
    ['Requests', perSecond(requests), `${percent(failures / requests)} failed`, failures > 0],
    ['Response time', seconds(median), `95 % within ${seconds(p95)}`],
    ['From the cache', percent(hits / (hits + misses)), 'of the parts served'],
    ['Calls to Zyntro', perSecond(calls), `${percent(callFailures / calls)} failed`, callFailures > 0],
  ];
}

function stateTiles(status) {
  const { metrics, egress, uptimeS, version } = status;
  const { share, words } = savings(status);
  const value = (name) => metrics[name]?.[0]?.value;
  const [active, most, waiting] = ['active', 'active_max', 'waiting'].map((name) =>
    value(`upstream_calls_${name}`),
  );
  const open = value('upstream_breaker_open') === 1;
  const lag = value('event_loop_lag_seconds');
  const bytes = value('near_cache_bytes') ?? value('memory_cache_bytes');
  return [
    ['Calls saved', percent(share), words],
    ['Calls in flight', `${number(active)} of ${number(most)}`, `${number(waiting)} queued`, waiting > 0],
    [
      'Circuit breaker',
      open ? 'open' : 'closed',
      open ? 'calls to Zyntro fail fast' : 'calls are allowed',
      open,
    ],
    redisTile(value('redis_up')),
    ['Cache in memory', figures.megabytes(bytes), nearWords(metrics)],
    ['Event loop', `${Math.round(lag * 1000)} ms`, 'lag', lag > 0.1],
    ['Calls leave from', egress.localAddress ?? egress.proxy ?? 'any address', egressWords(egress)],
    ['Up', figures.span(uptimeS), `version ${version}`],
  ];
}

function redisTile(up) {
  if (up === undefined) return ['Redis', 'none', 'all state is in this process'];
  return ['Redis', up ? 'works' : 'fails', up ? 'shared with other processes' : 'unreachable', !up];
}

function egressWords({ localAddress, proxy }) {
  if (localAddress) return 'set by EGRESS_LOCAL_ADDRESS';
  return proxy ? 'the egress proxy' : 'not configured';
}

function nearWords(metrics) {
  const reads = sum(metrics.near_cache_reads_total);
  const hits = sum(metrics.near_cache_reads_total, ({ outcome }) => outcome === 'hit');
  return reads === 0 ? 'of this process' : `${percent(hits / reads)} of reads without Redis`;
}

function showFacts({ at: time, version, node, upstream }) {
  const updated = new Date(time).toLocaleTimeString('en-GB');
  at('facts').textContent =
    `zyntro-bff ${version} on Node ${node}, in front of ${upstream}. Last update at ${updated}.`;
}

at('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  takeToken(at('token').value.trim());
  at('token').value = '';
  void poll();
});
at('pause').addEventListener('click', () => {
  paused = !paused;
  at('pause').textContent = paused ? 'Resume' : 'Pause';
  void poll();
});
document.addEventListener('visibilitychange', () => void poll());
void poll();
