/** The only error of a Redis operation. Callers fall back to running without Redis. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super('Redis is not available', { cause });
    this.name = 'RedisUnavailable';
  }
}

/** Converts a RedisUnavailable to undefined, and rethrows any other error. */
export function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof RedisUnavailable)) throw error;
}
