import { AppError } from '../../src/errors.ts';
import type { Idempotency } from '../../src/idempotency/create-idempotency.ts';
import {
  attemptOf,
  CREATED,
  creates,
  expectCode,
  fails,
  idempotencyOn,
  pending,
  newRequest,
  replayed,
  timesOut,
  type OpenedRecordStores,
} from '../support/idempotency.ts';
import type { WriteResult } from '../../src/idempotency/record.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { waitFor } from '../support/wait-for.ts';

const RECONCILED = { ...CREATED, value: { ...(CREATED.value as JsonObject), reconciled: true } };

/** Describes the contract of repeats after an unknown outcome, over every `RecordStore`. */
export function describeUnknownOutcomes(name: string, open: () => Promise<OpenedRecordStores>): void {
  describe(`unknown outcomes in ${name}`, () => {
    let one: Idempotency;
    let other: Idempotency;
    let opened: ReturnType<typeof idempotencyOn>;

    beforeEach(async () => {
      opened = idempotencyOn(await open());
      ({ one, other } = opened);
    });
    afterEach(() => expect(opened.events).toEqual([]));

    describe.each([
      ['whose outcome is unknown', new AppError('UPSTREAM_TIMEOUT', { outcome: 'unknown' })],
      ['whose client has disconnected', new AppError('CLIENT_GONE')],
      ['that failed by a defect', new TypeError('a defect')],
    ])('after a write %s', (_what, error) => {
      test('a repeat is rejected if the operation cannot check', async () => {
        const [request, { calls, attempt }] = [newRequest(), attemptOf(fails(error), creates)];
        await expect(one.run(request, attempt)).rejects.toBe(error);
        for (const process of [other, one])
          await expectCode(process.run(request, attempt), 'IDEMPOTENCY_OUTCOME_UNKNOWN');
        await expectCode(other.run({ ...request, body: 2 }, attempt), 'IDEMPOTENCY_KEY_REUSED');
        expect(calls.execute).toBe(1);
      });

      test('a repeat returns the result that the check finds, and later repeats do so, too', async () => {
        const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(fails(error), creates)];
        await expect(one.run(request, attempt)).rejects.toBe(error);
        for (const process of [other, one])
          expect(await process.run(request, checking(CREATED))).toEqual(replayed(RECONCILED));
        expect(calls).toEqual({ prepare: 1, execute: 1, reconcile: [{ ids: [1] }] });
      });

      test('a repeat executes the write if the check does not find it', async () => {
        const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(fails(error), creates)];
        await expect(one.run(request, attempt)).rejects.toBe(error);
        expect(await other.run(request, checking(undefined))).toEqual(CREATED);
        expect(await one.run(request, checking(undefined))).toEqual(replayed(CREATED));
        expect(calls).toMatchObject({ prepare: 1, execute: 2 });
      });
    });

    test('adds nothing to a result without a body that the check finds', async () => {
      const [request, { attempt, checking }] = [newRequest(), attemptOf(timesOut)];
      await expectCode(one.run(request, attempt), 'UPSTREAM_TIMEOUT');
      const result = { status: 204, headers: [], value: undefined };
      expect(await one.run(request, checking(result))).toEqual(replayed(result));
    });

    test('keeps the outcome unknown if the check fails', async () => {
      const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(timesOut, creates)];
      await expectCode(one.run(request, attempt), 'UPSTREAM_TIMEOUT');
      const failing = { ...attempt, reconcile: fails(new AppError('UPSTREAM_UNAVAILABLE')) };
      const error = await expectCode(one.run(request, failing), 'UPSTREAM_UNAVAILABLE');
      expect(error.details.outcome).toBe('unknown');
      expect((await other.run(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
      expect(calls).toEqual({ prepare: 1, execute: 1, reconcile: [{ ids: [1] }] });
    });

    test('checks again after a second execution that sent nothing, because the first may take effect late', async () => {
      const refused = fails(new AppError('UPSTREAM_UNAVAILABLE', { outcome: 'none' }));
      const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(timesOut, refused, creates)];
      await expectCode(one.run(request, attempt), 'UPSTREAM_TIMEOUT');
      await expectCode(one.run(request, checking(undefined)), 'UPSTREAM_UNAVAILABLE');
      expect((await other.run(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
      expect(calls).toMatchObject({ prepare: 1, execute: 2 });
    });

    test('checks again after a second execution that was refused, because the first may be the cause', async () => {
      const exists = fails(new AppError('CONTACT_EXISTS', { outcome: 'none', refusal: 'It exists' }));
      const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(timesOut, exists)];
      await expectCode(one.run(request, attempt), 'UPSTREAM_TIMEOUT');
      await expectCode(one.run(request, checking(undefined)), 'CONTACT_EXISTS');
      expect((await other.run(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
      expect(calls).toMatchObject({ prepare: 1, execute: 2 });
    });

    test('lets one of 50 parallel repeats check an unknown outcome', async () => {
      const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(timesOut, creates)];
      await expectCode(one.run(request, attempt), 'UPSTREAM_TIMEOUT');
      const runs = Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? one : other).run(request, checking(undefined)),
      );
      await Promise.allSettled(runs);
      expect(calls).toEqual({ prepare: 1, execute: 2, reconcile: [{ ids: [1] }] });
    });

    test('carries out a write whose process died before it was sent', async () => {
      const [request, preparation] = [newRequest(), pending<null>()];
      const dead = one.run(request, { prepare: preparation.step, execute: creates });
      await preparation.begun;
      const { calls, attempt } = attemptOf(creates);
      await expectCode(other.run(request, attempt), 'IDEMPOTENCY_IN_PROGRESS');
      await opened.endLease(request);
      expect(await other.run(request, attempt)).toEqual(CREATED);
      expect(calls.execute).toBe(1);
      // The first process was only suspended: it must not send the write now.
      preparation.result.resolve(null);
      await expectCode(dead, 'IDEMPOTENCY_IN_PROGRESS');
      expect(await one.run(request, attempt)).toEqual(replayed(CREATED));
      expect(opened.events.splice(0)).toEqual(['lease-lost']);
    });

    test('checks the write of a process that died while it was in flight', async () => {
      const [request, write] = [newRequest(), pending<WriteResult>()];
      const dead = one.run(request, { execute: write.step });
      await write.begun;
      const { calls, checking } = attemptOf(creates);
      await expectCode(other.run(request, checking(CREATED)), 'IDEMPOTENCY_IN_PROGRESS');
      await opened.endLease(request);
      const repeat = await other.run(request, checking(CREATED));
      expect(repeat.value).toMatchObject({ reconciled: true });
      expect(calls).toMatchObject({ execute: 0, reconcile: [null] });
      // The first process was only suspended: its result must not replace the later one.
      write.result.resolve({ ...CREATED, status: 200 });
      expect(await dead).toMatchObject({ status: 200 });
      expect(await one.run(request, checking(CREATED))).toEqual(repeat);
      expect(opened.events.splice(0)).toEqual(['lease-lost']);
    });

    test('renews the lease of a write in flight, and not that of an ended one', async () => {
      const [request, write] = [newRequest(), pending<WriteResult>()];
      const first = one.run(request, { execute: write.step });
      await write.begun;
      const { checking } = attemptOf(creates);
      await opened.endLease(request);
      await opened.clock.advance(5000);
      await waitFor('the renewal', () => opened.isHeld(request));
      await expectCode(other.run(request, checking(CREATED)), 'IDEMPOTENCY_IN_PROGRESS');
      write.result.reject(new AppError('UPSTREAM_TIMEOUT', { outcome: 'unknown' }));
      await expectCode(first, 'UPSTREAM_TIMEOUT');
      await opened.clock.advance(60_000);
      expect((await one.run(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
    });

    test('does not keep a result over 1 MiB, and checks instead', async () => {
      const large = { ...CREATED, value: { data: 'x'.repeat(1024 * 1024) } };
      const [request, { calls, attempt, checking }] = [newRequest(), attemptOf(async () => large)];
      expect(await one.run(request, attempt)).toEqual(large);
      expect((await other.run(request, checking(CREATED))).value).toMatchObject({ reconciled: true });
      expect(calls).toEqual({ prepare: 1, execute: 1, reconcile: [{ ids: [1] }] });
    });
  });
}
