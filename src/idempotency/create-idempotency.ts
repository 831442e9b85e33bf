import { randomBytes } from 'node:crypto';
import { AppError, isAppError } from '../errors.ts';
import { isJsonObject, type Json } from '../lib/json.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import { fingerprintOf, recordKey, type IdempotentRequest } from './fingerprint.ts';
import { inProgress, leases, unavailable, type Lease, type LeaseOptions } from './lease.ts';
import { recordCodec, type EntryCodec, type RecordContents, type WriteResult } from './record.ts';
import type { StoredRecord } from './record-store.ts';
import { finalRefusal, replayedError } from './refusal.ts';

/** The steps of a write. Each must be bounded in time. */
export interface Attempt {
  /** Called before the first execution. Its result is kept with the key, for `reconcile`. */
  prepare?(): Promise<Json>;
  /**
   * Carries out the write. The result is kept and repeated with any status, and so is a refusal of the
   * upstream that `finalRefusal` returns. Another AppError frees the key if its outcome is not `unknown`. Any other
   * error leaves the outcome unknown.
   *
   * @param requireLease called right before the write is sent, since a repeat may be carrying it out if this
   *   process was paused. Throws AppError IDEMPOTENCY_IN_PROGRESS.
   */
  execute(requireLease: () => void): Promise<WriteResult>;
  /**
   * Called for a repeat after an unknown outcome. Resolves to the success response if the write took effect,
   * otherwise to undefined. An operation that cannot check omits it.
   */
  reconcile?(prepared: Json): Promise<WriteResult | undefined>;
}

export interface Idempotency {
  /**
   * Carries out a write unless a request with the same key has done so; then resolves to that request's result
   * with `Idempotency-Replayed: true`, or throws its refusal with `details.replayed`.
   *
   * @throws AppError IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_OUTCOME_UNKNOWN,
   *   CACHE_UNAVAILABLE, or the error of the attempt.
   */
  run(request: IdempotentRequest, attempt: Attempt): Promise<WriteResult>;
}

export interface IdempotencyOptions extends Omit<LeaseOptions, 'codec'> {
  readonly codec: EntryCodec;
}

/** Bounds a step that hangs. Longer than its upstream calls can take together. */
const STEP_MS = 600_000;

/** The protocol is described in README.md. */
export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { store, report } = options;
  const codec = recordCodec(options.codec);
  const hold = leases({ ...options, codec });

  /** Returns undefined if the contents cannot be decoded or do not fit the stage. */
  function decode(key: string, { stage, data }: StoredRecord): RecordContents | undefined {
    const record = codec.decode(key, data);
    if (record && (stage === 'done') === isEnded(record)) return record;
    report('undecodable');
    return undefined;
  }

  return {
    async run(request, attempt) {
      const key = recordKey(request);
      const contents = { fingerprint: fingerprintOf(request) };
      const token = randomBytes(12).toString('base64url');
      const found = await store.claim(key, token, codec.encode(key, contents)).catch((error: unknown) => {
        // The claim may have taken effect.
        store.free(key, token).catch(ignore);
        return unavailable(error);
      });
      if (!found) return carryOut(hold(key, token), contents, attempt);

      const record = decode(key, found);
      if (record && record.fingerprint !== contents.fingerprint) throw new AppError('IDEMPOTENCY_KEY_REUSED');
      if (record?.result) return replayed(record.result);
      if (record?.refusal) throw replayedError(record.refusal);
      if (found.held) throw inProgress();
      if (!record || !attempt.reconcile)
        throw new AppError('IDEMPOTENCY_OUTCOME_UNKNOWN', { outcome: 'unknown' });
      const taken = await store.takeOver(key, found.token, token).catch((error: unknown) => {
        store.settle(key, token, 'started', found.data).catch(ignore);
        return unavailable(error);
      });
      if (!taken) throw inProgress();
      return reconcileOrCarryOut(hold(key, token), record, attempt);
    },
  };
}

async function carryOut(lease: Lease, contents: RecordContents, attempt: Attempt): Promise<WriteResult> {
  let started: RecordContents;
  try {
    const prepared = attempt.prepare ? await bounded(attempt.prepare(), 'none') : null;
    started = { ...contents, prepared };
    await lease.start(started);
  } catch (error) {
    await lease.free();
    throw error;
  }
  return execute(lease, started, attempt, (error) => {
    const refusal = finalRefusal(error);
    if (refusal) return lease.complete(started, { refusal });
    return hasNoEffect(error) ? lease.free() : lease.leaveUnknown(started);
  });
}

/** Carries out a write whose earlier execution has an unknown outcome, if that execution had no effect. */
async function reconcileOrCarryOut(
  lease: Lease,
  contents: RecordContents,
  attempt: Attempt,
): Promise<WriteResult> {
  // The earlier execution may still take effect, so no failure frees the key, and no refusal is final: the
  // upstream may refuse the write because of the earlier one.
  const keep = () => lease.leaveUnknown(contents);
  try {
    const found = await reconcile(contents, attempt);
    if (found) {
      await lease.complete(contents, { result: found });
      return replayed(found);
    }
    await lease.start(contents);
  } catch (error) {
    await keep();
    throw error;
  }
  return execute(lease, contents, attempt, keep);
}

async function reconcile({ prepared }: RecordContents, attempt: Attempt): Promise<WriteResult | undefined> {
  try {
    const found = await bounded(attempt.reconcile!(prepared ?? null), 'unknown');
    return found && isJsonObject(found.value)
      ? { ...found, value: { ...found.value, reconciled: true } }
      : found;
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, { ...error.details, outcome: 'unknown', cause: error });
  }
}

async function execute(
  lease: Lease,
  contents: RecordContents,
  attempt: Attempt,
  onFailure: (error: unknown) => Promise<void>,
): Promise<WriteResult> {
  let result: WriteResult;
  try {
    result = await bounded(
      attempt.execute(() => lease.requireHeld()),
      'unknown',
    );
  } catch (error) {
    await onFailure(error);
    throw error;
  }
  await lease.complete(contents, { result });
  return result;
}

function isEnded({ result, refusal }: RecordContents): boolean {
  return result !== undefined || refusal !== undefined;
}

function replayed(result: WriteResult): WriteResult {
  const plain = result.plain && replayed(result.plain);
  return { ...result, headers: [...result.headers, 'Idempotency-Replayed', 'true'], ...(plain && { plain }) };
}

/** Returns whether an error means that the write was not carried out. */
function hasNoEffect(error: unknown): boolean {
  if (!isAppError(error)) return false;
  const { outcome } = error.details;
  return outcome === 'none' || (outcome === undefined && !isAppError(error, 'INTERNAL_ERROR', 'CLIENT_GONE'));
}

function bounded<T>(step: Promise<T>, outcome: 'none' | 'unknown'): Promise<T> {
  return withTimeout(STEP_MS, step).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    throw new AppError('UPSTREAM_TIMEOUT', { reason: 'WRITE_HANGS', outcome, cause: error });
  });
}

/** Ignores the failure of a best-effort cleanup: the lease ends anyway. */
function ignore(): void {}
