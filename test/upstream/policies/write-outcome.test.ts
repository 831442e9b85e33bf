import { AppError, type ErrorDetails } from '../../../src/errors.ts';
import { wrap } from '../../../src/upstream/operation.ts';
import { attemptOutcome, callOutcome } from '../../../src/upstream/policies/write-outcome.ts';
import { failureOf } from '../../support/upstream-client.ts';
import { INPUT, WRITE, callOptions, callThrough, scripted } from './attempts.ts';

const hold = () => () => Promise.reject(new AppError('UPSTREAM_CREDENTIALS_REJECTED', { reason: 'HELD' }));
const both = wrap(callOutcome(), attemptOutcome());
const outcomeOf = async (call: Promise<unknown>) => (await failureOf(call)).details.outcome;

test.each<[string, ErrorDetails, 'none' | 'unknown']>([
  ['was not sent', { notSent: true }, 'none'],
  ['was refused', { refusal: 'No such note' }, 'none'],
  ['failed in another way', { reason: 'HTTP_500' }, 'unknown'],
  ['failed for a reason that is not known', {}, 'unknown'],
])('an attempt that %s', async (_name, details, outcome) => {
  const { attempt } = scripted(new AppError('UPSTREAM_UNAVAILABLE', details));
  const error = await failureOf(callThrough(both, attempt, WRITE)(INPUT, callOptions()));
  expect(error.code).toBe('UPSTREAM_UNAVAILABLE');
  expect(error.details).toMatchObject({ ...details, outcome });
});

test('a policy that rejects the call before an attempt means that nothing was sent', async () => {
  const policy = wrap(callOutcome(), hold, attemptOutcome());
  expect(await outcomeOf(callThrough(policy, scripted('ok').attempt, WRITE)(INPUT, callOptions()))).toBe(
    'none',
  );
});

test('the outcome of an abort depends on whether the attempt had begun, and its reason stays as it is', async () => {
  const gone = new AbortController();
  const reason = new AppError('CLIENT_GONE');
  const { attempt } = scripted(reason);
  const call = callThrough(both, attempt, WRITE);
  expect(await outcomeOf(call(INPUT, callOptions({ signal: gone.signal })))).toBe('unknown');
  gone.abort(reason);
  expect(await outcomeOf(call(INPUT, callOptions({ signal: gone.signal })))).toBe('none');
  expect(reason.details.outcome).toBeUndefined();
});

test('an unexpected error has an outcome and keeps its cause', async () => {
  const bug = new TypeError('x is undefined');
  const error = await failureOf(callThrough(both, scripted(bug).attempt, WRITE)(INPUT, callOptions()));
  expect(error).toMatchObject({ code: 'INTERNAL_ERROR', cause: bug, stack: bug.stack });
  expect(error.details.outcome).toBe('unknown');
});

test('errors of a read are passed on without an outcome', async () => {
  const thrown = new AppError('UPSTREAM_TIMEOUT');
  const error = await failureOf(callThrough(both, scripted(thrown).attempt)(INPUT, callOptions()));
  expect(error).toBe(thrown);
});
