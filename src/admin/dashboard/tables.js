import { element } from './charts.js';
import { number, percent, pivot, sum } from './figures.js';

const OUTCOMES = {
  SUCCESS: 'Success',
  CONTACT_NOT_FOUND: 'Contact not found',
  CONTACT_EXISTS: 'Contact exists',
  NOT_CONTACT_OWNER: 'Not the owner of the contact',
  ORG_NOT_CONFIGURED: 'No credentials for the organization',
  UPSTREAM_REFUSED: 'Refused the operation',
  UPSTREAM_CREDENTIALS_REJECTED: 'Refused our credentials',
  UPSTREAM_EGRESS_REJECTED: 'Refused our address',
  UPSTREAM_BAD_RESPONSE: 'Invalid response',
  UPSTREAM_UNAVAILABLE: 'Unreachable or overloaded',
  UPSTREAM_TIMEOUT: 'Timeout',
  CLIENT_GONE: 'Canceled: the client closed the connection',
  INTERNAL_ERROR: 'Internal error',
};
const WITHHELD = {
  BREAKER_OPEN: 'Not made: the circuit breaker is open',
  QUEUE_FULL: 'Not made: the queue is full',
  QUEUE_TIMEOUT: 'Not made: timeout in the queue',
  HELD: 'Not made: the upstream rejected the last call',
};
/** Routes without a user: documents, health checks, the admin port, and paths that do not exist. */
const SERVICE_ROUTES =
  'unmatched|/|/(docs|page)(/.*)?|/(healthz|invalidations|metrics|openapi[.]json|readyz|revocations|status)';
const OF_SERVICE = new RegExp(`^(?:${SERVICE_ROUTES})$`);
const DECISIONS = ['allowed', 'limited', 'uncounted', 'unavailable'];

/** Shows every table of totals of one status. */
export function showTables(host, { metrics }) {
  host.replaceChildren(
    table(
      'Cache, by part',
      ['Part', 'Hit ratio', 'Fresh', 'Stale', 'Fetched', 'Bypassed'],
      partRows(metrics),
    ),
    table('Calls to Zyntro', ['Outcome', 'First', 'Retry', 'Refresh'], callRows(metrics)),
    table('Requests', ['Status', 'Users', 'Other'], requestRows(metrics)),
    table('Rate limits', ['Tier', 'Allowed', 'Limited', 'Not counted', 'Not served'], limitRows(metrics)),
    table('Keys of token issuers', ['Issuer', 'Usable keys', 'Last fetched'], keyRows(metrics)),
  );
}

/** Returns the share of successful reads that the cache and shared calls saved the upstream. */
export function savings({ metrics }) {
  const reads = sum(metrics.contact_reads_total, ({ result }) => result !== 'failed');
  const calls = sum(metrics.upstream_contact_calls_total);
  const share = Math.max(0, reads - calls) / reads;
  return { share, words: `${number(reads)} contacts, ${number(calls)} calls so far` };
}

function partRows(metrics) {
  return [...pivot(metrics.cache_parts_total, 'part', 'outcome')].map(([part, cells]) => {
    const { hit = 0, stale = 0, miss = 0, bypass = 0 } = cells;
    const ratio = percent((hit + stale) / (hit + stale + miss + bypass));
    return [part, ratio, ...[hit, stale, miss, bypass].map(number)];
  });
}

function callRows(metrics) {
  const made = [...pivot(metrics.upstream_calls_total, 'outcome', 'purpose')].map(
    ([outcome, { caller = 0, retry = 0, refresh = 0 }]) => [
      OUTCOMES[outcome] ?? outcome,
      ...[caller, retry, refresh].map(number),
    ],
  );
  const withheld = (metrics.upstream_calls_withheld_total ?? [])
    .filter(({ value }) => value > 0)
    .map(({ labels, value }) => [WITHHELD[labels.reason] ?? labels.reason, number(value), '', '']);
  return [...made, ...withheld];
}

function requestRows(metrics) {
  const kinds = (metrics.http_requests_total ?? []).map(({ labels, value }) => ({
    labels: { status: labels.status, kind: OF_SERVICE.test(labels.route) ? 'other' : 'users' },
    value,
  }));
  return [...pivot(kinds, 'status', 'kind')]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([status, { users = 0, other = 0 }]) => [
      status === '499' ? 'client gone' : status,
      number(users),
      number(other),
    ]);
}

function limitRows(metrics) {
  return [...pivot(metrics.rate_limit_decisions_total, 'tier', 'decision')].map(([tier, cells]) => [
    tier,
    ...DECISIONS.map((decision) => number(cells[decision] ?? 0)),
  ]);
}

function keyRows(metrics) {
  const fetched = new Map(
    (metrics.jwks_fetched_timestamp_seconds ?? []).map(({ labels, value }) => [labels.issuer, value]),
  );
  return (metrics.jwks_usable_keys ?? []).map(({ labels: { issuer }, value }) => [
    `number ${Number(issuer) + 1} of those configured`,
    number(value),
    fetched.get(issuer) ? new Date(fetched.get(issuer) * 1000).toLocaleString('en-GB') : 'never',
  ]);
}

function table(title, heads, rows) {
  if (rows.length === 0) return '';
  const head = element('tr', {}, ...heads.map((name) => element('th', { scope: 'col' }, name)));
  const body = rows.map(([first, ...rest]) =>
    element('tr', {}, element('th', { scope: 'row' }, first), ...rest.map((cell) => element('td', {}, cell))),
  );
  return element(
    'table',
    {},
    element('caption', {}, title),
    element('thead', {}, head),
    element('tbody', {}, ...body),
  );
}
