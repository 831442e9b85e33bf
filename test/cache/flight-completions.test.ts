import { completionMessage, FlightCompletions } from '../../src/cache/flight-completions.ts';
import { AppError } from '../../src/errors.ts';

const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

test('a call that succeeds wakes those who wait for it, and nobody else', async () => {
  const landings = new FlightCompletions();
  const waiting = landings.wait('one', LONG_MS, NEVER);
  const other = landings.wait('two', 50, NEVER);
  landings.receive(completionMessage('one', undefined));
  await expect(waiting).resolves.toBeUndefined();
  let woken = false;
  void other.then(() => (woken = true));
  await Promise.resolve();
  expect(woken).toBe(false);
  await other;
});

test('a call that fails fails for all, with its code and what else callers need', async () => {
  const landings = new FlightCompletions();
  const waiting = [landings.wait('one', LONG_MS, NEVER), landings.wait('one', LONG_MS, NEVER)];
  landings.receive(completionMessage('one', new AppError('UPSTREAM_UNAVAILABLE', { retryAfterS: 7 })));
  for (const one of waiting)
    await expect(one).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', details: { retryAfterS: 7 } });
});

test('a landing that came first is not missed', async () => {
  const landings = new FlightCompletions();
  landings.receive(completionMessage('one', undefined));
  await expect(landings.wait('one', LONG_MS, NEVER)).resolves.toBeUndefined();
});

test.each([
  ['given up by its callers', new AppError('CLIENT_GONE')],
  ['broken by a fault of ours', new TypeError('a person called Jane')],
])('a call %s says nothing about the upstream: others look for themselves', async (_how, error) => {
  const landings = new FlightCompletions();
  const waiting = landings.wait('one', LONG_MS, NEVER);
  const message = completionMessage('one', error);
  expect(message).not.toContain('Jane');
  landings.receive(message);
  await expect(waiting).resolves.toBeUndefined();
});

test('waiting ends by itself, when all are to look, and when the caller goes', async () => {
  const landings = new FlightCompletions();
  await expect(landings.wait('one', 5, NEVER)).resolves.toBeUndefined();
  const woken = landings.wait('one', LONG_MS, NEVER);
  landings.wakeAll();
  await expect(woken).resolves.toBeUndefined();
  const gone = new AbortController();
  const left = landings.wait('one', LONG_MS, gone.signal);
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'CLIENT_GONE' });
  await expect(landings.wait('one', LONG_MS, gone.signal)).rejects.toMatchObject({ code: 'CLIENT_GONE' });
});

test.each(['', 'null', '[]', '{', '1', '{"token":1}', '{"token":{}}', '{"code":"UPSTREAM_TIMEOUT"}'])(
  'a message that is none has no effect: %s',
  async (message) => {
    const landings = new FlightCompletions();
    const waiting = landings.wait('1', 20, NEVER);
    expect(() => landings.receive(message)).not.toThrow();
    await expect(waiting).resolves.toBeUndefined();
  },
);

test('a code that is not on the list is no failure to hand on', async () => {
  const landings = new FlightCompletions();
  const waiting = landings.wait('one', LONG_MS, NEVER);
  landings.receive('{"token":"one","code":"__proto__","retryAfterS":"soon"}');
  await expect(waiting).resolves.toBeUndefined();
});
