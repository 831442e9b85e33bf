import { AppError } from '../../src/errors.ts';
import type { Idempotency } from '../../src/idempotency/create-idempotency.ts';
import type { IdempotentRequest } from '../../src/idempotency/fingerprint.ts';
import type { WriteResult } from '../../src/idempotency/record.ts';
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
  type OpenedRecordStores,
} from '../support/idempotency.ts';

/** Describes the contract of repeats over every `RecordStore`. */
export function describeIdempotency(name: string, open: () => Promise<OpenedRecordStores>): void {
  describe(`idempotency keys in ${name}`, () => {
    let one: Idempotency;
    let other: Idempotency;
    let opened: ReturnType<typeof idempotencyOn>;

    beforeEach(async () => {
      opened = idempotencyOn(await open());
      ({ one, other } = opened);
    });
    afterEach(() => expect(opened.events).toEqual([]));

    test('executes once, and repeats the result in each process', async () => {
      const [request, { calls, attempt }] = [newRequest(), attemptOf(creates)];
      expect(await one.run(request, attempt)).toEqual(CREATED);
      for (const process of [one, other]) {
        const repeat = await process.run(request, attempt);
        expect(repeat).toEqual(replayed(CREATED));
        expect(JSON.stringify(repeat.value)).toBe(JSON.stringify(CREATED.value));
      }
      expect(calls).toMatchObject({ prepare: 1, execute: 1 });
    });

    test.each([
      ['without a body', { status: 204, headers: [], value: undefined }],
      ['with a null body', { status: 200, headers: [], value: null }],
      ['that is an error', { status: 422, headers: ['A', 'b'], value: { code: 'X' } }],
    ])('repeats a result %s', async (_what, result) => {
      const [request, { attempt }] = [newRequest(), attemptOf(async () => result)];
      await one.run(request, attempt);
      expect(await other.run(request, attempt)).toEqual(replayed(result));
    });

    test('executes one of 100 parallel requests; the others are repeats or in progress', async () => {
      const [request, { calls, attempt }] = [newRequest(), attemptOf(creates)];
      const runs = Array.from({ length: 100 }, (_, index) => (index % 2 ? one : other).run(request, attempt));
      const results = await Promise.allSettled(runs);
      expect(calls.execute).toBe(1);
      const outcomes = results.map((result) =>
        result.status === 'fulfilled' ? result.value : (result.reason as AppError).code,
      );
      expect(outcomes.filter((outcome) => outcome === CREATED)).toHaveLength(1);
      for (const outcome of outcomes.filter((outcome) => outcome !== CREATED)) {
        if (typeof outcome === 'string') expect(outcome).toBe('IDEMPOTENCY_IN_PROGRESS');
        else expect(outcome).toEqual(replayed(CREATED));
      }
    });

    test('rejects a repeat while the first request is in flight, with Retry-After', async () => {
      const [request, write] = [newRequest(), pending<WriteResult>()];
      const first = one.run(request, { execute: write.step });
      const { attempt, calls } = attemptOf(creates);
      await write.begun;
      const error = await expectCode(other.run(request, attempt), 'IDEMPOTENCY_IN_PROGRESS');
      expect(error.details.retryAfterS).toBe(1);
      write.result.resolve(CREATED);
      expect(await first).toEqual(CREATED);
      expect(calls.execute).toBe(0);
    });

    test.each<[string, Partial<IdempotentRequest>]>([
      ['body', { body: { a: 2 } }],
      ['organization', { caller: { ...newRequest().caller, org: 'org-2' } }],
      ['member', { caller: { ...newRequest().caller, member: 'bob' } }],
    ])('rejects a repeat with another %s', async (_what, changes) => {
      const [request, { calls, attempt }] = [newRequest(), attemptOf(creates)];
      await one.run(request, attempt);
      await expectCode(other.run({ ...request, ...changes }, attempt), 'IDEMPOTENCY_KEY_REUSED');
      expect(calls.execute).toBe(1);
    });

    test.each<[string, Partial<IdempotentRequest>]>([
      ['issuer', { caller: { ...newRequest().caller, issuer: 'https://other.example' } }],
      ['subject', { caller: { ...newRequest().caller, subject: 'bob@example.org' } }],
      ['method', { method: 'PATCH' }],
      ['path', { path: '/contacts/2/notes' }],
    ])('keeps keys apart by %s', async (_what, changes) => {
      const [request, { calls, attempt }] = [newRequest(), attemptOf(creates)];
      await one.run(request, attempt);
      expect(await other.run({ ...request, ...changes }, attempt)).toEqual(CREATED);
      expect(calls.execute).toBe(2);
    });

    test.each(['CONTACT_EXISTS', 'CONTACT_NOT_FOUND', 'NOT_CONTACT_OWNER', 'UPSTREAM_REFUSED'] as const)(
      'repeats %s of the upstream in each process, and does not execute again',
      async (code) => {
        const details = { outcome: 'none', reason: 'ITS_CODE', refusal: 'Its message' } as const;
        const error = new AppError(code, { ...details, cause: new Error('not stored') });
        const [request, { calls, attempt }] = [newRequest(), attemptOf(fails(error), creates)];
        await expect(one.run(request, attempt)).rejects.toBe(error);
        for (const process of [one, other]) {
          const repeat = await expectCode(process.run(request, attempt), code);
          expect(repeat.details).toEqual({ ...details, replayed: true });
        }
        await expectCode(other.run({ ...request, body: { a: 2 } }, attempt), 'IDEMPOTENCY_KEY_REUSED');
        expect(calls).toMatchObject({ prepare: 1, execute: 1 });
      },
    );

    test.each<[string, AppError]>([
      ['withheld from the upstream', new AppError('UPSTREAM_UNAVAILABLE', { outcome: 'none' })],
      ['rejected before it was sent', new AppError('CONTACT_NOT_FOUND')],
      ['rejected by a check of the proxy', new AppError('NOT_CONTACT_OWNER', { outcome: 'none' })],
      ['not sent because a read was refused', new AppError('UPSTREAM_REFUSED', { refusal: 'No' })],
      ...(
        ['UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED', 'UPSTREAM_BAD_RESPONSE'] as const
      ).map((code): [string, AppError] => [
        `refused with ${code}`,
        new AppError(code, { outcome: 'none', refusal: 'No' }),
      ]),
    ])('frees the key of a write that was %s', async (_what, error) => {
      const [request, { calls, attempt }] = [newRequest(), attemptOf(fails(error), creates)];
      await expect(one.run(request, attempt)).rejects.toBe(error);
      expect(await other.run({ ...request, body: { a: 2 } }, attempt)).toEqual(CREATED);
      expect(calls).toMatchObject({ prepare: 2, execute: 2 });
    });

    test('frees the key if the preparation fails, whatever the error', async () => {
      const [request, { attempt }] = [newRequest(), attemptOf(creates)];
      const error = new TypeError('a defect');
      await expect(one.run(request, { ...attempt, prepare: fails(error) })).rejects.toBe(error);
      expect(await other.run(request, attempt)).toEqual(CREATED);
    });
  });
}
