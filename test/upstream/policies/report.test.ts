import { AppError } from '../../../src/errors.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { report } from '../../../src/upstream/policies/report.ts';
import { CREDENTIALS, INPUT, KEY_READ, READ, callOptions, scripted } from './attempts.ts';

const refusedFor = (reason: string) => new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason });

function start(...script: (Error | 'ok')[]) {
  const health = new Health(Date.now);
  const lines: { level: string; msg: string }[] = [];
  const log = createLog({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
  let current: typeof CREDENTIALS | undefined = CREDENTIALS;
  const { attempt } = scripted(...script);
  const call = report({ log, health, component: () => 'upstream', credentialsOf: () => current })(attempt);
  return {
    call: (operation = READ) => call(operation, INPUT, callOptions()).catch(() => undefined),
    replace: (credentials: typeof CREDENTIALS | undefined) => void (current = credentials),
    reasons: () => health.report().reasons.map(({ detail }) => detail.split(':')[0]),
    levels: () => lines.map(({ level }) => level),
  };
}

test('reports a refusal once, and its end once', async () => {
  const { call, reasons, levels } = start(refusedFor('INVALID_API_KEY'), refusedFor('INVALID_API_KEY'), 'ok');
  await call();
  await call();
  expect(reasons()).toEqual(['INVALID_API_KEY']);
  await call();
  await call();
  expect(reasons()).toEqual([]);
  expect(levels()).toEqual(['error', 'info']);
});

test.each([
  ['MISSING_DEVELOPER_SECRET', [refusedFor('MISSING_DEVELOPER_SECRET')]],
  ['INVALID_DEVELOPER_SECRET', [refusedFor('INVALID_DEVELOPER_SECRET')]],
  ['IP_NOT_WHITELISTED', [new AppError('UPSTREAM_EGRESS_REJECTED', { reason: 'IP_NOT_WHITELISTED' })]],
  ['USER_INACTIVE', [refusedFor('USER_INACTIVE')]],
])('a success with the API key alone does not end %s', async (reason, script) => {
  const { call, reasons } = start(...script, 'ok');
  await call();
  await call(KEY_READ);
  expect(reasons()).toEqual([reason]);
  await call();
  expect(reasons()).toEqual([]);
});

test.each([
  ['INVALID_API_KEY', refusedFor('INVALID_API_KEY')],
  ['EADDRNOTAVAIL', new AppError('UPSTREAM_UNAVAILABLE', { reason: 'EADDRNOTAVAIL' })],
])('a success with the API key alone ends %s', async (reason, error) => {
  const { call, reasons } = start(error, 'ok');
  await call();
  expect(reasons()).toEqual([reason]);
  await call(KEY_READ);
  expect(reasons()).toEqual([]);
});

test.each([
  ['replaced', { apiKey: 'next', developerSecret: 'next' }],
  ['removed', undefined],
])('an outcome of credentials that were %s during the call does not reach readiness', async (_name, next) => {
  const { call, replace, reasons, levels } = start(refusedFor('INVALID_API_KEY'), 'ok');
  const late = call();
  replace(next);
  await late;
  expect(reasons()).toEqual([]);
  expect(levels()).toEqual(['warn']);
});

test('a success with replaced credentials does not end the fault of the current ones', async () => {
  const { call, replace, reasons } = start(refusedFor('INVALID_API_KEY'), 'ok');
  await call();
  const late = call();
  replace({ apiKey: 'next', developerSecret: 'next' });
  await late;
  expect(reasons()).toEqual(['INVALID_API_KEY']);
});
