/** The rules of `ACL SETUSER` for the Redis user, as `docs/redis.md` lists them. */
export const MINIMUM_RIGHTS =
  'resetchannels &zbff:* ~zbff:* -@all +mget +get +set +del +exists +pexpire +persist +expire +eval +evalsha +publish +subscribe +ping +info +time +client|setname +zadd +zcard +zscore +zrange +zscan +zremrangebyscore +hmget +hset +pttl +getrange +zrem +scan +role';
/** The additional rules on a Cluster. */
export const CLUSTER_RIGHTS = '+cluster|slots +cluster|info +asking';
