declare module 'cluster-key-slot' {
  /** Returns the Redis Cluster slot of a key. */
  export default function calculateSlot(key: string): number;
}
