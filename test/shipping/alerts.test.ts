import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { dashboardFiles } from '../../src/admin/dashboard.ts';
import { SCOPES_FILE } from '../../src/config/auth.ts';
import { adminOpenApiDocument } from '../../src/openapi/admin-document.ts';
import { openApiDocument } from '../../src/openapi/document.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { THRESHOLDS } from '../../src/telemetry/thresholds.ts';
import { SERVICE_ROUTES } from '../../src/telemetry/totals.ts';
import { installPackage } from '../support/apt-install.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';

const RULES = path.join(PROJECT_ROOT, 'config/prometheus/alerts.yml');
const DIRECTORY = path.join(PROJECT_ROOT, 'test/shipping/alerts');
const CASES = readdirSync(DIRECTORY).map((name) => path.join(DIRECTORY, name));
/** promtool needs some seconds of CPU time. */
const PROMTOOL_TIMEOUT_MS = 240_000;

const read = (file: string): Json => parse(readFileSync(file, 'utf8'));
const rules: Json[] = read(RULES).groups.flatMap((group: Json) => group.rules);
const names: string[] = rules.map(({ alert }) => alert);
const exprOf = (name: string): string => rules.find(({ alert }) => alert === name)!.expr;

test('each alert fires under its condition, and stays silent otherwise (promtool)', () => {
  installPackage('prometheus', 'promtool');
  const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...CASES], {
    encoding: 'utf8',
    timeout: PROMTOOL_TIMEOUT_MS,
  });
  const succeeded = CASES.map((file) => `Unit Testing: ${file} SUCCESS`).join(' ');
  expect(`${stdout}${stderr}`.replaceAll(/\s+/g, ' ').trim()).toBe(succeeded);
});

test('each alert has a case in which it fires', () => {
  const tested: string[] = CASES.flatMap((file) => read(file).tests).flatMap(
    ({ promql_expr_test: tests }: Json) =>
      tests.flatMap(({ exp_samples: samples }: Json) =>
        samples.map(({ labels }: Json) => /alertname="(\w+)"/.exec(labels)?.[1]),
      ),
  );
  expect([...new Set(tested)].toSorted()).toEqual(names.toSorted());
});

test('the alerts and the dashboards count the requests of every route but those of the service', () => {
  const service = new RegExp(`^(?:${SERVICE_ROUTES})$`);
  const operations = OPERATIONS.map(({ path: route }) => route);
  expect(operations.filter((route) => service.test(route))).toEqual([]);
  const settings = { writes: true, brandId: 1, maxBatchSize: 1, scopes: SCOPES_FILE.load() };
  const documents: Json[] = [openApiDocument(settings), adminOpenApiDocument()];
  const documented = [...documents.flatMap(({ paths }) => Object.keys(paths)), ...dashboardFiles().keys()];
  const ofService = documented.filter((route) => !operations.includes(route.replaceAll(/\{(\w+)\}/g, ':$1')));
  expect(ofService.length).toBeGreaterThan(10);
  expect(ofService.filter((route) => !service.test(route))).toEqual([]);
  const files = ['config/prometheus/alerts.yml', 'config/grafana/dashboards/zyntro-bff.json'];
  const texts = files.map((file) =>
    readFileSync(path.join(PROJECT_ROOT, file), 'utf8').replaceAll('\\"', '"'),
  );
  const selectors = texts.flatMap((text) => [...text.matchAll(/\broute(\W*)"([^"]+)"/g)]);
  expect(selectors.length).toBeGreaterThan(15);
  for (const [, operator, selector] of selectors)
    expect([operator, selector]).toEqual(['!~', SERVICE_ROUTES]);
  const page = readFileSync(path.join(PROJECT_ROOT, 'src/admin/dashboard/tables.js'), 'utf8');
  expect(page).toContain(`'${SERVICE_ROUTES}'`);
});

const { failedShare, minFailures, failedShareAtLowTraffic, minFailuresAtLowTraffic } = THRESHOLDS;
test.each([
  ['ZyntroBffErrors', [`> ${failedShare}\n`, `>= ${minFailures}`]],
  ['ZyntroBffErrorsAtLowTraffic', [`> ${failedShareAtLowTraffic}\n`, `>= ${minFailuresAtLowTraffic}\n`]],
  ['ZyntroBffSlow', [`> ${THRESHOLDS.slowS}\n`]],
  ['ZyntroBffUpstreamSlow', [`> ${THRESHOLDS.slowUpstreamS}`]],
  ['ZyntroBffBudgetNearlySpent', [`> ${THRESHOLDS.queueShare}`]],
  ['ZyntroBffEventLoopLags', [`> ${THRESHOLDS.lagShare} * zyntro_bff_event_loop_lag_max_seconds`]],
])('the alert %s has the thresholds of the dashboard', (name, conditions) => {
  for (const condition of conditions) expect(`${exprOf(name)}\n`).toContain(condition);
});

test.each(names)('the runbook of %s is a heading with symptom, cause and fix', (name) => {
  const [file, anchor] = rules.find(({ alert }) => alert === name)!.annotations.runbook_url.split('#');
  expect([file, anchor]).toEqual(['docs/operations.md', name.toLowerCase()]);
  const sections = readFileSync(path.join(PROJECT_ROOT, file), 'utf8').split(/^#+ /m);
  const section = sections.find((text) => text.startsWith(`${name}\n`)) ?? '';
  expect(section).toMatch(/\*\*Symptom\.\*\* [^]+\*\*Cause\.\*\* [^]+\*\*Fix\.\*\* /);
});
