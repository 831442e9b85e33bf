import type { AttemptRawParts } from '../contact/fetch-parts.ts';
import type { Bulkhead } from './bulkhead.ts';

/** What an attempt needs left of its time when its turn comes; with less it would be made for nothing. */
const WAIT_SHARE = 0.8;

/** Has the attempt wait for its turn, and gives the turn back however it ends. */
export function withinBudget(attempt: AttemptRawParts, budget: Bulkhead, now: () => number): AttemptRawParts {
  return async function attemptInTurn(query, options) {
    const { priority, signal, deadline } = options;
    const waitMs = Math.max(0, deadline - now()) * WAIT_SHARE;
    const release = await budget.acquire({ priority, waitMs, signal });
    try {
      return await attempt(query, options);
    } finally {
      release();
    }
  };
}
