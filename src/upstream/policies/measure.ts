import { isAppError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Policy } from '../operation.ts';

/** Reports each attempt to the metrics with its operation, purpose, outcome and duration in seconds. */
export function measure(options: {
  readonly metrics: Pick<Metrics, 'upstreamCall'>;
  /** Monotonic time in ms. */
  readonly now: () => number;
}): Policy {
  const { metrics, now } = options;
  return (next) =>
    async function measureAttempt(operation, input, callOptions) {
      const begunAt = now();
      let outcome = 'INTERNAL_ERROR';
      try {
        const output = await next(operation, input, callOptions);
        outcome = 'SUCCESS';
        return output;
      } catch (error) {
        if (isAppError(error)) outcome = error.code;
        throw error;
      } finally {
        metrics.upstreamCall({
          operation: operation.name,
          purpose: callOptions.priority,
          outcome,
          seconds: (now() - begunAt) / 1000,
        });
      }
    };
}
