import { randomBytes } from 'node:crypto';
import { encryptedCodec, plainCodec } from '../../src/cache/stored-entry.ts';
import { AppError } from '../../src/errors.ts';
import { fingerprintOf, recordKey } from '../../src/idempotency/fingerprint.ts';
import type { EntryCodec, WriteResult } from '../../src/idempotency/record.ts';
import { LEASE_MS } from '../../src/idempotency/record-store.ts';
import { redisRecordStore } from '../../src/idempotency/redis-record-store.ts';
import {
  attemptOf,
  CREATED,
  creates,
  expectCode,
  fails,
  idempotencyOn,
  newRequest,
  pending,
  replayed,
} from '../support/idempotency.ts';
import { createStore, type OpenedStore, type CreateStoreOptions } from '../support/redis/create-store.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

let server: RedisServer;
let opened: OpenedStore;
let idempotency: ReturnType<typeof idempotencyOn>;
beforeEach(async () => {
  server = await startRedis();
  opened = await openProcess();
  idempotency = idempotencyWith(plainCodec);
});
afterEach(async () => {
  opened.close();
  await server.stop();
});

function openProcess(options?: CreateStoreOptions): Promise<OpenedStore> {
  return createStore({ mode: 'standalone', nodes: [{ host: '127.0.0.1', port: server.port }] }, options);
}

function idempotencyWith(codec: EntryCodec, { redis } = opened) {
  const store = redisRecordStore(redis, { ttlMs: 60_000 });
  return idempotencyOn({ stores: [store, store], endLease: async () => {} }, codec);
}

/** Repeats a request until Redis is available again. */
function runWhenAvailable(...args: Parameters<typeof idempotency.one.run>): Promise<WriteResult> {
  return waitFor('Redis to be available', async () => {
    await idempotency.clock.advance(1000);
    return idempotency.one.run(...args).catch((error: AppError) => {
      if (error.code !== 'CACHE_UNAVAILABLE') throw error;
      return undefined;
    });
  });
}

test('executes nothing while Redis is unreachable', async () => {
  await server.kill();
  const { calls, attempt } = attemptOf(creates);
  const error = await expectCode(idempotency.one.run(newRequest(), attempt), 'CACHE_UNAVAILABLE');
  expect(error.details).toMatchObject({ outcome: 'none', retryAfterS: 1 });
  expect(calls).toMatchObject({ prepare: 0, execute: 0 });
});

test('executes nothing if Redis fails during the preparation', async () => {
  const { calls, attempt } = attemptOf(creates);
  await runWhenAvailable(newRequest(), attempt);
  const run = idempotency.one.run(newRequest(), {
    ...attempt,
    prepare: async () => {
      await server.kill();
      return null;
    },
  });
  await expectCode(run, 'CACHE_UNAVAILABLE');
  expect(calls.execute).toBe(1);
});

test('returns the result if Redis fails while the write is in flight, and stores it later', async () => {
  const [request, write] = [newRequest(), pending<WriteResult>()];
  const first = runWhenAvailable(request, { execute: write.step });
  await write.begun;
  await server.restart();
  write.result.resolve(CREATED);
  expect(await first).toEqual(CREATED);
  const { calls, attempt } = attemptOf(creates);
  await waitFor('the record', async () => {
    await idempotency.clock.advance(1000);
    return (await server.cli('exists', recordKey(request))) === '1';
  });
  expect(await runWhenAvailable(request, attempt)).toEqual(replayed(CREATED));
  expect(calls.execute).toBe(0);
});

test('frees a key whose claim took effect after its time limit', async () => {
  // The time limit of operations without a fallback is 1.5 s then.
  const impatient = await openProcess({ timeoutMs: 1 });
  try {
    const { one } = idempotencyWith(plainCodec, impatient);
    const [request, { calls, attempt }] = [newRequest(), attemptOf(creates)];
    // Loads the scripts, so that the suspended server receives the claim itself.
    await runWhenAvailable(newRequest(), attempt);
    await expectCode(
      runWhenAvailable(newRequest(), attemptOf(fails(new AppError('CONTACT_NOT_FOUND'))).attempt),
      'CONTACT_NOT_FOUND',
    );
    server.signal('SIGSTOP');
    await expectCode(one.run(request, attempt), 'CACHE_UNAVAILABLE');
    server.signal('SIGCONT');
    await waitFor('the key to be free', async () => (await server.cli('exists', recordKey(request))) === '0');
    expect(calls.execute).toBe(1);
  } finally {
    impatient.close();
  }
});

test('bounds a lease, and does not end it, if the clock of Redis was set back', async () => {
  const [request, write] = [newRequest(), pending<WriteResult>()];
  const first = runWhenAvailable(request, { execute: write.step });
  await write.begun;
  const { checking } = attemptOf(creates);
  await expectCode(idempotency.one.run(request, checking(CREATED)), 'IDEMPOTENCY_IN_PROGRESS');
  // A server clock set back by an hour adds an hour to the lease.
  await server.cli('hset', recordKey(request), 'until', String(Date.now() + 3_600_000));
  await expectCode(idempotency.one.run(request, checking(CREATED)), 'IDEMPOTENCY_IN_PROGRESS');
  expect(Number(await server.cli('hget', recordKey(request), 'until'))).toBeLessThan(
    Date.now() + LEASE_MS + 1,
  );
  await server.cli('hset', recordKey(request), 'until', '1');
  expect((await runWhenAvailable(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
  write.result.resolve(CREATED);
  await first;
});

describe('with encryption keys', () => {
  const codecs = [encryptedCodec([randomBytes(32)]), encryptedCodec([randomBytes(32)])] as const;
  test('stores no data in plain text', async () => {
    const request = newRequest({ body: { email: 'bob@example.org' } });
    await idempotencyWith(codecs[0]).one.run(request, attemptOf(creates).attempt);
    const stored = await server.cli('hgetall', recordKey(request));
    for (const text of ['content', 'Location', 'ids', 'bob@example.org', fingerprintOf(request)])
      expect(stored).not.toContain(text);
  });

  test('does not execute again if a record cannot be decrypted', async () => {
    const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(creates)];
    await idempotencyWith(codecs[0]).one.run(request, attempt);
    const { one, events } = idempotencyWith(codecs[1]);
    await expectCode(one.run(request, checking(undefined)), 'IDEMPOTENCY_OUTCOME_UNKNOWN');
    expect(events).toEqual(['undecodable']);
    expect(calls.execute).toBe(1);
  });

  test("does not return another key's record", async () => {
    const [request, copy, { attempt }] = [newRequest(), newRequest(), attemptOf(creates)];
    const { one } = idempotencyWith(codecs[0]);
    await one.run(request, attempt);
    await server.cli('copy', recordKey(request), recordKey(copy));
    await expectCode(one.run(copy, attempt), 'IDEMPOTENCY_OUTCOME_UNKNOWN');
  });
});
