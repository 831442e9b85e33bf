import { element, createCharts } from './charts.js';
import { TokenNeeded, fetchStatus, takeToken } from './session.js';
import { showTables } from './tables.js';
import { showTiles } from './tiles.js';

const EVERY_MS = 2000;

const STATES = {
  ok: 'Ready',
  degraded: 'Degraded',
  failing: 'Failing',
  starting: 'Starting',
  draining: 'Draining',
  gone: 'Gone',
  unknown: 'No figures',
  locked: 'Locked',
};

const at = (id) => document.getElementById(id);

let last;
let showCharts;
let timer;
let paused = false;
let isFetching = false;

async function poll() {
  clearTimeout(timer);
  if (isFetching || paused || document.hidden) return;
  isFetching = true;
  let status;
  try {
    status = await fetchStatus();
  } catch (error) {
    if (error instanceof TokenNeeded) return promptForToken(error.message);
    showOutdated(error.status);
  } finally {
    isFetching = false;
  }
  timer = setTimeout(poll, EVERY_MS);
  // Outside of the `try`, because a fault of this page is none of the instance.
  if (status) show(status);
}

function setPaused(isPaused) {
  paused = isPaused;
  at('pause').textContent = paused ? 'Resume' : 'Pause';
}

function promptForToken(message) {
  setPaused(false);
  at('page').hidden = true;
  at('pause').hidden = true;
  at('sign-in').hidden = false;
  at('sign-in-fault').textContent = message;
  showState('locked', '');
  at('token').focus();
}

function show(status) {
  last = status;
  at('sign-in').hidden = true;
  at('pause').hidden = false;
  at('page').hidden = false;
  delete document.body.dataset.outdated;
  at('now-title').firstChild.textContent = 'Now ';
  showCharts ??= createCharts(at('charts'));
  showState(status.state, summaryOf(status));
  showProblems(status);
  showPast(status);
  showTiles(at('tiles'), status);
  showCharts(pointsOf(status.history));
  showTables(at('tables'), status);
  showFacts(status);
}

/**
 * Shows that there are no current figures. The last ones stay readable, but nothing on the page may look like the
 * present.
 *
 * @param status the status of the response; undefined without a response.
 */
function showOutdated(status) {
  const answers = status !== undefined;
  const text = answers
    ? `This instance responds with status ${status}, so figures are missing.`
    : 'This instance does not respond. Check whether the process runs, and the connection to it.';
  showState(answers ? 'unknown' : 'gone', text);
  if (!last) return;
  document.body.dataset.outdated = '';
  at('now-title').firstChild.textContent = 'Last known figures ';
  const since = `The figures below are of ${dateTime(last.at)}.`;
  at('faults').replaceChildren(problem(answers ? 'warning' : 'critical', 'process', text, since));
}

/** Sets text only if it differs, because screen readers announce each change of the state. */
function showState(state, summary) {
  const words = STATES[state];
  if (at('state').textContent !== words) at('state').textContent = words;
  at('state').dataset.state = state;
  at('summary').textContent = summary;
  at('host').textContent = last?.host ?? '';
  document.title = [words, last?.host, 'zyntro-bff'].filter(Boolean).join(' – ');
}

function summaryOf({ state, symptoms, reasons, recent }) {
  if (state === 'draining') return 'Requests in flight are finished.';
  if (symptoms.length > 0) return `${sentence(symptoms[0].text)}.`;
  if (reasons.length > 0) return 'Requests are answered, but a component has a fault.';
  return recent.requests > 0 ? 'No request of the last minute failed.' : 'No requests in the last minute.';
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function dateTime(time) {
  return new Date(time).toLocaleString('en-GB');
}

function problem(level, component, text, time) {
  return element(
    'li',
    { class: level },
    element('b', {}, component),
    ` ${text} `,
    element('small', {}, time),
  );
}

function showProblems({ symptoms, reasons }) {
  const problems = [
    ...symptoms.map(({ level, text }) => element('li', { class: level }, `${sentence(text)}.`)),
    ...reasons.map(({ component, detail, since }) =>
      problem('warning', component, detail, `since ${dateTime(since)}`),
    ),
  ];
  const none = element('li', { class: 'well' }, 'None.');
  at('faults').replaceChildren(...(problems.length > 0 ? problems : [none]));
}

function showPast({ past }) {
  const items = past.map(({ component, detail, since, until }) =>
    problem('', component, detail, `${dateTime(since)} to ${dateTime(until)}`),
  );
  const none = element('li', {}, 'None since this process started.');
  at('past').replaceChildren(...(items.length > 0 ? items : [none]));
}

/** Returns the points of the charts: the end of each interval, and the start of the first. */
function pointsOf(intervals) {
  const points = intervals.map(ratesOf);
  return points.length === 0 ? [] : [{ ...points[0], at: points[0].at - intervals[0].seconds }, ...points];
}

/** Converts the counts of an interval to rates per second. */
function ratesOf({ at: time, seconds, median, p95, ...counts }) {
  const rates = Object.entries(counts).map(([name, count]) => [name, count / seconds]);
  return { at: time, median, p95, ...Object.fromEntries(rates) };
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
  setPaused(!paused);
  void poll();
});
document.addEventListener('visibilitychange', () => void poll());
void poll();
