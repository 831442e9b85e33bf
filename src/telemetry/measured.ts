import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import { isAppError } from '../errors.ts';
import type { Metrics } from './metrics.ts';

/** Counts attempts at upstream calls by what for, how they went and how long they took. */
export function measured(
  attempt: AttemptRawParts,
  options: { readonly metrics: Pick<Metrics, 'upstreamCall'>; readonly now: () => number },
): AttemptRawParts {
  const { metrics, now } = options;
  return async function attemptAndMeasure(query, attemptOptions) {
    const begunAt = now();
    let outcome = 'INTERNAL_ERROR';
    try {
      const parts = await attempt(query, attemptOptions);
      outcome = 'SUCCESS';
      return parts;
    } catch (error) {
      if (isAppError(error)) outcome = error.code;
      throw error;
    } finally {
      metrics.upstreamCall(attemptOptions.priority, outcome, (now() - begunAt) / 1000);
    }
  };
}
