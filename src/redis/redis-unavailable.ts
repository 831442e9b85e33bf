/** The only error of a Redis operation. Callers fall back to running without Redis. */
export class RedisUnavailable extends Error {
  constructor(cause?: unknown) {
    super('Redis is not available', { cause });
    this.name = 'RedisUnavailable';
  }
}
