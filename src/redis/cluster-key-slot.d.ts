declare module 'cluster-key-slot' {
  /** The slot of the Redis Cluster that a key belongs to. */
  export default function calculateSlot(key: string): number;
}
