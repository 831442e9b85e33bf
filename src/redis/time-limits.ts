/** The time limit, in milliseconds, of operations that have no fallback without Redis. */
export const LONG_TIMEOUT_MS = 1500;
/** The time limit for removing all keys of a pattern. */
export const REMOVE_TIMEOUT_MS = 30_000;
/** The maximum wait for Redis at startup. */
export const CONNECT_WAIT_MS = 1000;
