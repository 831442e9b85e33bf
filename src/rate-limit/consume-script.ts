/**
 * Consumes quota for a batch of requests, in order, for each request that fits; then prefetches some quota.
 *
 * KEYS: a hash that expires with its window. `since` is the quota consumed since the hash was created.
 * `before` is the quota consumed earlier in the window if Redis lost the previous hash, in a restart or by
 * eviction, as far as a process remembers it. `id` identifies the hash.
 *
 * ARGV: limit; window in ms; the state that the process remembers: the count, the id, the rest of the window in
 * ms; the quota that it granted without Redis minus its unused prefetched quota; the divisor of the remaining
 * quota that gives the prefetched share; and the cost of each request.
 *
 * A window never exceeds its length, even if the server's clock was set back.
 *
 * Returns the count, the prefetched quota, the rest of the window in ms, the id, and 1 or 0 for each request.
 */
export const CONSUME = `
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local known, id, left = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local stored = redis.call('HMGET', KEYS[1], 'before', 'since', 'id')
local before, since = tonumber(stored[1]) or 0, tonumber(stored[2]) or 0
local ttl = math.min(redis.call('PTTL', KEYS[1]), window)
if ttl < 1 then
  -- In its last millisecond the hash still exists, with a time to live of 0. Its quota is that of the last window.
  before, since = 0, 0
  ttl = left > 0 and left or window
  local time = redis.call('TIME')
  stored[3] = time[1] .. '.' .. time[2]
end
if id ~= stored[3] then before = math.max(before, known) end
since = since + tonumber(ARGV[6])
local reply = {}
for at = 8, #ARGV do
  local cost = tonumber(ARGV[at])
  local fits = before + since + cost <= limit
  if fits then since = since + cost end
  reply[at - 3] = fits and 1 or 0
end
local advance = 0
if #ARGV > 7 then
  advance = math.max(0, math.floor((limit - before - since) / tonumber(ARGV[7])))
end
since = since + advance
redis.call('HSET', KEYS[1], 'before', before, 'since', since, 'id', stored[3])
redis.call('PEXPIRE', KEYS[1], ttl)
reply[1] = math.max(0, before + since)
reply[2] = advance
reply[3] = ttl
reply[4] = stored[3]
return reply
`;
