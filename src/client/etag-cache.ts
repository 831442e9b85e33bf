export interface CachedResponse {
  readonly etag: string;
  /** The body as text, so that each caller gets an object of its own. */
  readonly text: string;
}

export interface EtagCache {
  get(key: string): CachedResponse | undefined;
  /** Stores an entry as the most recent one, and removes the oldest one if there are too many. */
  set(key: string, entry: CachedResponse): void;
}

export function createEtagCache(maxEntries = 0): EtagCache {
  const entries = new Map<string, CachedResponse>();
  return {
    get: (key) => entries.get(key),
    set(key, entry) {
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
    },
  };
}
