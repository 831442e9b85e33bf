import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startBusyPrograms, type BusyPrograms } from '../support/busy-programs.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { startPrometheus, type PrometheusServer } from '../support/prometheus-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** The queries of the Grafana dashboard and the alert rules, in a Prometheus that scrapes running programs. */
const dashboard: Json = JSON.parse(
  readFileSync(path.join(PROJECT_ROOT, 'config/grafana/dashboards/zyntro-bff.json'), 'utf8'),
);
const START_TIMEOUT_MS = 180_000;

let prometheus: PrometheusServer;
let programs: BusyPrograms;
beforeAll(async () => {
  programs = await startBusyPrograms(async (adminUrls) => {
    prometheus = await startPrometheus(adminUrls, path.join(PROJECT_ROOT, 'config/prometheus/alerts.yml'));
    await waitFor('a scrape of each program', async () => {
      const scraped = await prometheus.query('up == 1');
      return scraped.length === adminUrls.length;
    });
  });
  const last = 'zyntro_bff_redis_up == 0';
  await waitFor('a scrape after the last event', async () => (await prometheus.query(last)).length > 0);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await prometheus?.stop();
  await programs?.stop();
});

const queries = dashboard.panels.flatMap((panel: Json) =>
  (panel.targets ?? []).map((target: Json): [string, string] => [
    `${panel.title} ${target.refId}`,
    target.expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  ]),
) as [string, string][];

/** The observer is off by default, and a quantile of nothing is not a number. */
const MAY_BE_NAN = /^Freshness delay/;

test.each(queries)('the query of the panel %s has a value', async (name, expression) => {
  await waitFor(`a value of ${expression}`, async () =>
    (await prometheus.query(expression)).some(
      ({ value: [, value] }) => value !== 'NaN' || MAY_BE_NAN.test(name),
    ),
  );
});

test('the variable of the dashboard lists the instances', async () => {
  const { query } = dashboard.templating.list.find(({ name }: Json) => name === 'instance').query;
  const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(query)!;
  expect(await prometheus.api(`label/${label}/values`, { 'match[]': metric! })).toHaveLength(2);
});

test('Prometheus evaluates every alert rule without an error', async () => {
  const evaluated = await waitFor('the first evaluation', async () => {
    const { groups } = await prometheus.api('rules');
    const rules: Json[] = groups.flatMap((group: Json) => group.rules);
    return rules.every(({ health }) => health !== 'unknown') && rules;
  });
  expect(evaluated.length).toBeGreaterThan(10);
  expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([]);
});

test('an event that occurs once raises its alert', async () => {
  await waitFor('the alert to be pending', async () => {
    const { alerts } = await prometheus.api('alerts');
    return alerts.some(({ labels }: Json) => labels.alertname === 'ZyntroBffCredentialsRejected');
  });
});
