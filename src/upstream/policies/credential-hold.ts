import { AppError, isAppError } from '../../errors.ts';
import { isAccepted, type Policy } from '../operation.ts';

export interface HoldSettings {
  /** Number of equal refusals in a row after which calls are held back. */
  readonly afterRefusals: number;
  /** Duration of a hold; doubled each time that the probe is refused as well, up to `maxHoldMs`. */
  readonly holdMs: number;
  readonly maxHoldMs: number;
}

export interface HoldOptions extends HoldSettings {
  /** An organization's credentials; refusals are counted per object, so new credentials start at none. */
  readonly credentialsOf: (org: string) => object | undefined;
  /** Monotonic time in ms. */
  readonly now: () => number;
}

interface Refusals {
  count: number;
  /** The upstream's code. */
  reason: string | undefined;
  hold: { until: number; ms: number; probing: boolean; code: AppError['code'] } | undefined;
}

/**
 * Holds back calls whose credentials, or whose egress address, the upstream has refused several times in a
 * row: they are rejected with that refusal at once, and one probe at a time finds out if the fault is fixed.
 */
export function credentialHold(options: HoldOptions): Policy {
  const known = new WeakMap<object, Refusals>();

  return (next) =>
    async function holdRefusedCredentials(operation, input, callOptions) {
      const credentials = options.credentialsOf(input.org);
      if (!credentials) throw new AppError('ORG_NOT_CONFIGURED');
      const refusals = known.get(credentials) ?? { count: 0, reason: undefined, hold: undefined };
      known.set(credentials, refusals);
      const { hold } = refusals;
      if (hold) {
        if (hold.probing || hold.until > options.now()) throw new AppError(hold.code, { reason: 'HELD' });
        hold.probing = true;
      }
      try {
        const output = await next(operation, input, callOptions);
        accepted(refusals);
        return output;
      } catch (error) {
        if (isAppError(error, 'UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED'))
          refused(refusals, error, hold);
        else if (isAccepted(error)) accepted(refusals);
        else if (isAppError(error, 'UPSTREAM_BAD_RESPONSE')) refusals.count = 0;
        throw error;
      } finally {
        if (hold) hold.probing = false;
      }
    };

  function accepted(refusals: Refusals): void {
    refusals.count = 0;
    refusals.hold = undefined;
  }

  function refused(refusals: Refusals, { code, details }: AppError, probed: Refusals['hold']): void {
    if (details.reason !== refusals.reason) refusals.count = 0;
    refusals.reason = details.reason;
    refusals.count += 1;
    // Calls that were in flight when the hold began do not prolong it.
    if (refusals.hold !== probed || (!probed && refusals.count < options.afterRefusals)) return;
    const ms = probed ? Math.min(probed.ms * 2, options.maxHoldMs) : options.holdMs;
    refusals.hold = { until: options.now() + ms, ms, probing: false, code };
  }
}
