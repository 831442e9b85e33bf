/** The value of a key and the time to live that is left of it. */
export interface StoredValue {
  /** Null if there is no such key. */
  readonly value: Buffer | null;
  /** Milliseconds; negative if the key does not expire or does not exist. */
  readonly ttlMs: number;
}

/** KEYS: all of one slot. Returns the values, and the time to live of each in ms. */
export const READ = `
local values, ttls = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS do ttls[i] = values[i] and redis.call('PTTL', KEYS[i]) or -2 end
return { values, ttls }
`;

/** Pairs the values and times to live of a reply. */
export function storedValues(values: readonly (Buffer | null)[], ttls: readonly number[]): StoredValue[] {
  return values.map((value, index) => ({ value, ttlMs: ttls[index]! }));
}
