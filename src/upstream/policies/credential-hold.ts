import { AppError, isAppError } from '../../errors.ts';
import { disproves, isSubjectTo, type RequiredCredentials } from '../credentials.ts';
import { isAccepted, type Policy } from '../operation.ts';

export interface HoldSettings {
  /** Number of equal refusals in a row after which calls are held back. */
  readonly afterRefusals: number;
  /** Duration of a hold; doubled each time that the probe is refused as well, up to `maxHoldMs`. */
  readonly holdMs: number;
  readonly maxHoldMs: number;
}

export interface HoldOptions extends HoldSettings {
  /** Monotonic time in ms. */
  readonly now: () => number;
}

interface Hold {
  /** Monotonic time, in ms, at which a probe may be made. */
  readonly until: number;
  readonly ms: number;
  readonly code: AppError['code'];
  /** The upstream's code. */
  readonly reason: string;
  /** Whether a probe is in flight. */
  isProbing: boolean;
}

interface Refusals {
  count: number;
  /** The upstream's code of the refusals counted. */
  reason: string;
  hold: Hold | undefined;
}

/**
 * Rejects calls immediately if the upstream has refused their credentials or the egress address several times in a
 * row. The error has the code of the refusal and the reason `HELD`. One probe at a time checks whether the fault is
 * fixed. A call that carries a part of the credentials is not held back by refusals of another part, and does not
 * end their hold.
 */
export function credentialHold(options: HoldOptions): Policy {
  // The key is the object, so replaced credentials start without refusals.
  const known = new WeakMap<object, Refusals>();

  return (next) =>
    async function holdRefusedCredentials(operation, input, callOptions) {
      const refusals = known.get(callOptions.credentials) ?? { count: 0, reason: '', hold: undefined };
      known.set(callOptions.credentials, refusals);
      const hold = isSubjectTo(operation.credentials, refusals.hold?.reason) ? refusals.hold : undefined;
      if (hold) {
        if (hold.isProbing || hold.until > options.now()) throw new AppError(hold.code, { reason: 'HELD' });
        hold.isProbing = true;
      }
      try {
        const output = await next(operation, input, callOptions);
        accepted(refusals, operation.credentials);
        return output;
      } catch (error) {
        if (isAppError(error, 'UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED'))
          refused(refusals, error, hold);
        else if (isAccepted(error)) accepted(refusals, operation.credentials);
        else if (
          isAppError(error, 'UPSTREAM_BAD_RESPONSE') &&
          isSubjectTo(operation.credentials, refusals.reason)
        )
          refusals.count = 0;
        throw error;
      } finally {
        if (hold) hold.isProbing = false;
      }
    };

  function accepted(refusals: Refusals, credentials: RequiredCredentials): void {
    if (disproves(credentials, refusals.reason)) refusals.count = 0;
    if (refusals.hold && disproves(credentials, refusals.hold.reason)) refusals.hold = undefined;
  }

  function refused(refusals: Refusals, { code, details }: AppError, probed: Hold | undefined): void {
    const { reason = code } = details;
    if (reason !== refusals.reason) refusals.count = 0;
    refusals.reason = reason;
    refusals.count += 1;
    // Calls that were in flight when the hold began do not prolong it.
    if (refusals.hold !== probed || (!probed && refusals.count < options.afterRefusals)) return;
    const ms = probed ? Math.min(probed.ms * 2, options.maxHoldMs) : options.holdMs;
    refusals.hold = { until: options.now() + ms, ms, code, reason, isProbing: false };
  }
}
