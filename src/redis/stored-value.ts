/** The value of a key and its remaining time to live. */
export interface StoredValue {
  /** Null if the key does not exist. */
  readonly value: Buffer | null;
  /** Milliseconds; negative if the key does not expire or does not exist. */
  readonly ttlMs: number;
}

/**
 * Reads keys and their times to live. KEYS: keys of one slot. Returns the values, and the time to live of each
 * in ms.
 */
export const READ = `
local values, ttls = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS do ttls[i] = values[i] and redis.call('PTTL', KEYS[i]) or -2 end
return { values, ttls }
`;

/** Combines the values and times to live of a reply. */
export function storedValues(values: readonly (Buffer | null)[], ttls: readonly number[]): StoredValue[] {
  return values.map((value, index) => ({ value, ttlMs: ttls[index]! }));
}
