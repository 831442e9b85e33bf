import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { startBusyPrograms } from '../support/busy-programs.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { readPromQl, type Exposed } from '../support/prometheus.ts';

const read = (file: string): string => readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
const rules: Json[] = parse(read('config/prometheus/alerts.yml')).groups.flatMap(
  (group: Json) => group.rules,
);
const dashboard: Json = JSON.parse(read('config/grafana/dashboards/zyntro-bff.json'));
const panels: Json[] = dashboard.panels.filter(({ type }: Json) => type !== 'row');
const datasources: Json[] = parse(read('config/grafana/provisioning/datasources/prometheus.yml')).datasources;

let exposed: Map<string, Exposed>;
beforeAll(async () => {
  const programs = await startBusyPrograms();
  ({ exposed } = programs);
  await programs.stop();
});

/** Labels that Prometheus adds to every scraped sample. */
const SCRAPED = ['instance', 'job'];

const expressions: [string, string][] = [
  ...rules.map((rule): [string, string] => [`alert ${rule.alert}`, rule.expr]),
  ...panels.flatMap((panel): [string, string][] =>
    panel.targets.map((target: Json): [string, string] => [
      `panel ${panel.title} ${target.refId}`,
      target.expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', 'any'),
    ]),
  ),
];

function missingFrom(expression: string): string[] {
  const { selectors, groupedBy } = readPromQl(expression);
  const known = new Set(SCRAPED);
  const missing = selectors.flatMap(({ metric, matchers }) => {
    const found = exposed.get(metric);
    if (!found && metric !== 'up') return [metric];
    for (const label of found?.labels ?? []) known.add(label);
    return matchers
      .filter(({ label }) => !SCRAPED.includes(label))
      .flatMap(({ label, value, regex }) => {
        if (!found?.labels.has(label)) return [`${metric} has no label ${label}`];
        if (regex) return [];
        return found.values.get(label)!.has(value) ? [] : [`${metric} is never ${label}="${value}"`];
      });
  });
  return [...missing, ...groupedBy.filter((label) => !known.has(label))];
}

test.each(expressions)(
  'every metric and label of %s is exposed by a running program',
  (_name, expression) => {
    expect(readPromQl(expression).selectors.length).toBeGreaterThan(0);
    expect(missingFrom(expression)).toEqual([]);
  },
);

test('unknown metrics, labels and label values are detected', () => {
  expect(missingFrom('rate(zyntro_bff_no_such_total[1m])')).toEqual(['zyntro_bff_no_such_total']);
  expect(missingFrom('sum by (unknown) (zyntro_bff_redis_up{no="x"})')).toHaveLength(2);
  expect(missingFrom('zyntro_bff_cache_parts_total{outcome="hti"}')).toHaveLength(1);
  expect(() => readPromQl('sum by (a) (rate(x[5m])')).toThrow('not PromQL');
});

test('the dashboard shows every metric of the program', () => {
  const shown = new Set(
    expressions.flatMap(([, text]) => readPromQl(text).selectors.map(({ metric }) => metric)),
  );
  const ours = [...exposed.keys()].filter((name) => name.startsWith('zyntro_bff_'));
  const hidden = ours.filter((name) => !shown.has(name) && !/_seconds_(sum|count)$/.test(name));
  expect(hidden).toEqual([]);
});

test.each(rules.map((rule): [string, Json] => [rule.alert, rule]))(
  'the alert %s has a summary, a severity and an action',
  (_name, { alert, expr, labels, annotations, for: duration, ...more }) => {
    expect(alert).toMatch(/^ZyntroBff[A-Za-z]+$/);
    expect(duration).toMatch(/^\d+m$/);
    expect(['page', 'ticket']).toContain(labels.severity);
    if (!expr.startsWith('absent(')) expect(annotations.summary).toMatch(/\$labels\.instance/);
    expect(annotations.action.length).toBeGreaterThan(20);
    expect(Object.keys(more)).toEqual([]);
    const known = new Set([...SCRAPED, 'issuer', 'reason', 'component']);
    for (const [, label] of String(annotations.summary).matchAll(/\$labels\.(\w+)/g)) {
      expect(known).toContain(label);
      const { selectors, groupedBy } = readPromQl(expr);
      const kept =
        groupedBy.length > 0
          ? groupedBy
          : selectors.flatMap(({ metric }) => [...SCRAPED, ...(exposed.get(metric)?.labels ?? [])]);
      expect(kept).toContain(label);
    }
  },
);

test('dashboard panels have unique ids, do not overlap, and use the provisioned data source', () => {
  const ids = dashboard.panels.map(({ id }: Json) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const one of dashboard.panels)
    for (const other of dashboard.panels)
      expect([one.title, other.title, one !== other && overlap(one.gridPos, other.gridPos)]).toEqual([
        one.title,
        other.title,
        false,
      ]);
  const variables = dashboard.templating.list.map(({ name }: Json) => name);
  expect(variables).toEqual(['datasource', 'instance']);
  expect(datasources[0].type).toBe('prometheus');
  for (const { datasource, targets } of panels)
    for (const one of [datasource, ...targets.map((target: Json) => target.datasource)])
      expect(one).toEqual({ type: 'prometheus', uid: '${datasource}' });
});

function overlap(a: Json, b: Json): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe('the metrics table in docs/monitoring.md', () => {
  const [, table = ''] =
    /<!-- metrics -->\n([\s\S]*?)<!-- \/metrics -->/.exec(read('docs/monitoring.md')) ?? [];
  const rows = [...table.matchAll(/^\| `(\w+)` +\| (\w+) +\| (.*?) +\| (.*?) +\|$/gm)].map(
    ([, name = '', type, labels = '', help]) => ({
      name: `zyntro_bff_${name}`,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => String(label)),
      help,
    }),
  );

  test('lists every metric of a running program with its type, labels and help text', () => {
    const documented = new Map(rows.map((row) => [row.name, row]));
    const real = new Map(
      [...exposed]
        .filter(([name]) => name.startsWith('zyntro_bff_') && !/_seconds_(sum|count)$/.test(name))
        .map(([name, metric]) => [name.replace(/_bucket$/, ''), metric]),
    );
    expect([...documented.keys()].toSorted()).toEqual([...real.keys()].toSorted());
    for (const [name, { type, help, labels }] of real) {
      const row = documented.get(name)!;
      expect({ name, type: row.type, help: row.help }).toEqual({ name, type, help });
      expect([name, row.labels.toSorted()]).toEqual([
        name,
        [...labels].filter((label) => label !== 'le').toSorted(),
      ]);
    }
  });
});
