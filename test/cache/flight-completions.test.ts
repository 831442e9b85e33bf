import { completionMessage, FlightCompletions } from '../../src/cache/flight-completions.ts';
import { setTimer } from '../../src/lib/timers.ts';
import { AppError } from '../../src/errors.ts';

const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

test('wakes only the waiters of a call that succeeds', async () => {
  const completions = new FlightCompletions(setTimer);
  const waiting = completions.wait('one', LONG_MS, NEVER);
  const other = completions.wait('two', 50, NEVER);
  completions.receive(completionMessage('one', undefined));
  await expect(waiting).resolves.toBeUndefined();
  let woken = false;
  void other.then(() => (woken = true));
  await Promise.resolve();
  expect(woken).toBe(false);
  await other;
});

test('rejects all waiters of a failed call with its code and Retry-After', async () => {
  const completions = new FlightCompletions(setTimer);
  const waiting = [completions.wait('one', LONG_MS, NEVER), completions.wait('one', LONG_MS, NEVER)];
  completions.receive(completionMessage('one', new AppError('UPSTREAM_UNAVAILABLE', { retryAfterS: 7 })));
  for (const one of waiting)
    await expect(one).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', details: { retryAfterS: 7 } });
});

test('delivers a completion that arrived before its waiter', async () => {
  const completions = new FlightCompletions(setTimer);
  expect(completions.receive(completionMessage('one', undefined))).toBe('one');
  await expect(completions.wait('one', LONG_MS, NEVER)).resolves.toBeUndefined();
});

test.each([
  ['aborted by its callers', new AppError('CLIENT_GONE')],
  ['with an internal error', new TypeError('a person called Jane')],
])('wakes the waiters of a call %s for a recheck', async (_name, error) => {
  const completions = new FlightCompletions(setTimer);
  const waiting = completions.wait('one', LONG_MS, NEVER);
  const message = completionMessage('one', error);
  expect(message).not.toContain('Jane');
  completions.receive(message);
  await expect(waiting).resolves.toBeUndefined();
});

test('ends a wait on timeout, on wakeAll and on abort', async () => {
  const completions = new FlightCompletions(setTimer);
  await expect(completions.wait('one', 5, NEVER)).resolves.toBeUndefined();
  const woken = completions.wait('one', LONG_MS, NEVER);
  completions.wakeAll();
  await expect(woken).resolves.toBeUndefined();
  const caller = new AbortController();
  const left = completions.wait('one', LONG_MS, caller.signal);
  caller.abort();
  await expect(left).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  await expect(completions.wait('one', LONG_MS, caller.signal)).rejects.toMatchObject({
    code: 'CLIENT_GONE',
  });
});

test.each(['', 'null', '[]', '{', '1', '{"token":1}', '{"token":{}}', '{"code":"UPSTREAM_TIMEOUT"}'])(
  'ignores an invalid message: %s',
  async (message) => {
    const completions = new FlightCompletions(setTimer);
    const waiting = completions.wait('1', 20, NEVER);
    expect(completions.receive(message)).toBeUndefined();
    await expect(waiting).resolves.toBeUndefined();
  },
);

test('treats an unknown error code as a recheck', async () => {
  const completions = new FlightCompletions(setTimer);
  const waiting = completions.wait('one', LONG_MS, NEVER);
  completions.receive('{"token":"one","code":"__proto__","retryAfterS":"soon"}');
  await expect(waiting).resolves.toBeUndefined();
});
