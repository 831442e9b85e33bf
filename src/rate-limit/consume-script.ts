/**
 * Takes for several requests at once, in order, those that fit, and a little in advance.
 *
 * KEYS: a hash, which expires with its window: `since`, what was taken since the hash was made; `before`,
 * what had been taken before that where Redis had lost an earlier one, in a restart or by eviction, and the
 * process that found it gone knew; `id`, which tells one from the other.
 *
 * ARGV: limit; window in ms; what the process knows: the count, the id, what is left of the window in ms; what
 * it let through without telling, less what it took in advance and did not use; the divisor of what is left
 * that gives the advance; and a cost for each request.
 *
 * A window never lasts longer than it may, also if the server's clock was set back.
 *
 * Returns the count, the advance, what is left of the window in ms, the id, and 1 or 0 for each request.
 */
export const TAKE = `
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local known, id, left = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local stored = redis.call('HMGET', KEYS[1], 'before', 'since', 'id')
local before, since = tonumber(stored[1]) or 0, tonumber(stored[2]) or 0
local ttl = math.min(redis.call('PTTL', KEYS[1]), window)
if ttl < 1 then
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
