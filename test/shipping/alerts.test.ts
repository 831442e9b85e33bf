import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { OPERATIONS } from '../../src/operations/index.ts';
import { THRESHOLDS } from '../../src/telemetry/thresholds.ts';
import { USER_ROUTES } from '../../src/telemetry/totals.ts';
import { installPackage } from '../support/apt-install.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';

const RULES = path.join(PROJECT_ROOT, 'config/prometheus/alerts.yml');
const CASES = path.join(PROJECT_ROOT, 'test/shipping/alerts.promtool.yml');
/** promtool needs some seconds of CPU time. */
const PROMTOOL_TIMEOUT_MS = 240_000;

const read = (file: string): Json => parse(readFileSync(file, 'utf8'));
const rules: Json[] = read(RULES).groups.flatMap((group: Json) => group.rules);
const names: string[] = rules.map(({ alert }) => alert);
const exprOf = (name: string): string => rules.find(({ alert }) => alert === name)!.expr;

test('each alert fires under its condition, and stays silent otherwise (promtool)', () => {
  installPackage('prometheus', 'promtool');
  const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', CASES], {
    encoding: 'utf8',
    timeout: PROMTOOL_TIMEOUT_MS,
  });
  expect(`${stdout}${stderr}`).toMatch(/^Unit Testing: .*\n\s+SUCCESS\s*$/);
});

test('each alert has a case in which it fires', () => {
  const tested: string[] = read(CASES).tests.flatMap(({ promql_expr_test: tests }: Json) =>
    tests.flatMap(({ exp_samples: samples }: Json) =>
      samples.map(({ labels }: Json) => /alertname="(\w+)"/.exec(labels)?.[1]),
    ),
  );
  expect([...new Set(tested)].toSorted()).toEqual(names.toSorted());
});

test('the alerts and the dashboard count the requests of every operation', () => {
  for (const { path: route } of OPERATIONS) expect(route).toMatch(USER_ROUTES);
  const selectors = rules.flatMap(({ expr }) => [...String(expr).matchAll(/route=~"([^"]+)"/g)]);
  expect(selectors.length).toBeGreaterThan(0);
  for (const [, selector] of selectors) expect(`^\\${selector}`).toBe(`${USER_ROUTES.source}.*`);
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
