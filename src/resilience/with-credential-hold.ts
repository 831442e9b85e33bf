import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import { AppError, isAppError } from '../errors.ts';

export interface HoldSettings {
  /** The same refusals in a row before calls are held back. */
  readonly afterRefusals: number;
  /** How long no call is made; doubled each time that the next one is refused as well, up to the maximum. */
  readonly holdMs: number;
  readonly maxHoldMs: number;
}

export interface HoldOptions extends HoldSettings {
  /** The organization's credentials, by identity: new ones start with a clean slate. */
  readonly credentialsOf: (org: string) => object | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

interface Refusals {
  count: number;
  /** The upstream's own code. */
  reason: string | undefined;
  hold: { until: number; ms: number; probing: boolean; code: AppError['code'] } | undefined;
}

/**
 * Holds calls back whose credentials, or whose egress address, the upstream has refused many times in a
 * row: they are answered with that refusal at once, and one call now and then finds out whether it has been
 * put right.
 */
export function withCredentialHold(attempt: AttemptRawParts, options: HoldOptions): AttemptRawParts {
  const known = new WeakMap<object, Refusals>();

  return async function attemptUnlessHeld(query, attemptOptions) {
    const credentials = options.credentialsOf(query.org);
    if (!credentials) throw new AppError('ORG_NOT_CONFIGURED');
    const refusals = known.get(credentials) ?? { count: 0, reason: undefined, hold: undefined };
    known.set(credentials, refusals);
    const { hold } = refusals;
    if (hold) {
      if (hold.probing || hold.until > options.now()) throw new AppError(hold.code, { reason: 'HELD' });
      hold.probing = true;
    }
    try {
      const parts = await attempt(query, attemptOptions);
      accepted(refusals);
      return parts;
    } catch (error) {
      if (isAppError(error, 'UPSTREAM_CREDENTIALS_REJECTED', 'UPSTREAM_EGRESS_REJECTED'))
        refused(refusals, error, hold);
      else if (isAppError(error, 'CONTACT_NOT_FOUND')) accepted(refusals);
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
    // Calls that were under way when the hold began say nothing new.
    if (refusals.hold !== probed || (!probed && refusals.count < options.afterRefusals)) return;
    const ms = probed ? Math.min(probed.ms * 2, options.maxHoldMs) : options.holdMs;
    refusals.hold = { until: options.now() + ms, ms, probing: false, code };
  }
}
