import type { Policy } from '../operation.ts';
import { breakerOpen, type CircuitBreaker } from './circuit-breaker.ts';

/** Rejects calls while the circuit breaker is open, before they wait for their turn. */
export function failFast(breaker: CircuitBreaker): Policy {
  return (next) =>
    async function failFastIfOpen(operation, input, options) {
      if (breaker.refusesForMs > 0) throw breakerOpen(breaker);
      return next(operation, input, options);
    };
}
