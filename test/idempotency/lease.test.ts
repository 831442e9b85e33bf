import { plainCodec } from '../../src/cache/stored-entry.ts';
import { createIdempotency, type Attempt } from '../../src/idempotency/create-idempotency.ts';
import { memoryRecordStore } from '../../src/idempotency/memory-record-store.ts';
import { LEASE_MS } from '../../src/idempotency/record-store.ts';
import { CREATED, expectCode, newRequest } from '../support/idempotency.ts';

const LIMITS = { ttlMs: 86_400_000, maxRecords: 10, maxBytes: 100_000 };

/** A process that is paused between the start of its lease and the write: its timers do not run. */
function pausedAttempt(pausedMs: number) {
  const clock = { now: 0 };
  const now = () => clock.now;
  const idempotency = createIdempotency({
    store: memoryRecordStore({ ...LIMITS, now }),
    codec: plainCodec,
    setTimer: () => () => {},
    now,
    report: () => {},
  });
  const [begun, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let sent = 0;
  const send: Attempt = {
    execute: async (requireLease) => {
      requireLease();
      sent += 1;
      return CREATED;
    },
    reconcile: async () => undefined,
  };
  const request = newRequest();
  const first = idempotency.run(request, {
    ...send,
    async execute(requireLease) {
      begun.resolve();
      await resumed.promise;
      return send.execute(requireLease);
    },
  });
  const pause = async () => {
    await begun.promise;
    clock.now += pausedMs;
  };
  return {
    first,
    pause,
    resume: resumed.resolve,
    sent: () => sent,
    repeat: () => idempotency.run(request, send),
  };
}

test('an attempt that has lost its lease does not send the write that a repeat has sent', async () => {
  const { first, pause, resume, sent, repeat } = pausedAttempt(LEASE_MS);
  await pause();
  expect(await repeat()).toMatchObject({ status: 201 });
  resume();
  const error = await expectCode(first, 'IDEMPOTENCY_IN_PROGRESS');
  expect(error.details.outcome).toBe('none');
  expect(sent()).toBe(1);
  expect((await repeat()).headers).toContain('Idempotency-Replayed');
});

test('an attempt that cannot know whether it has its lease frees the key, so that a repeat sends', async () => {
  const { first, pause, resume, sent, repeat } = pausedAttempt(LEASE_MS);
  await pause();
  resume();
  await expectCode(first, 'IDEMPOTENCY_IN_PROGRESS');
  expect(sent()).toBe(0);
  expect(await repeat()).toEqual(CREATED);
});

test('an attempt that was paused for less than a lease sends', async () => {
  const { first, pause, resume, sent } = pausedAttempt(LEASE_MS - 1);
  await pause();
  resume();
  expect(await first).toEqual(CREATED);
  expect(sent()).toBe(1);
});
