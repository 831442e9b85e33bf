/*
 * Scripts on a record: a hash with `stage`, `token`, `until` (the end of the lease, in ms of the server's clock)
 * and `data`. KEYS[1] is the record.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * A lease that ends later than any lease can was renewed before the server's clock was set back, or by the clock of
 * another server: its holder may be at work, so it is held for one more lease from now.
 */
const IS_HELD = `
${NOW}
local function held(untilMs, lease)
  local left = (tonumber(untilMs) or 0) - now
  if left > tonumber(lease) then
    redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + lease))
  end
  return left > 0
end
`;

/**
 * ARGV: token, lease in ms, time to live of the record in ms, data.
 * Returns nil if the record is claimed, otherwise the stage, token, 1 or 0 for held, and data of the record.
 */
export const CLAIM = `
${IS_HELD}
local found = redis.call('HMGET', KEYS[1], 'stage', 'token', 'until', 'data')
local isHeld = held(found[3], ARGV[2])
if found[1] and (found[1] ~= 'claimed' or isHeld) then
  return { found[1], found[2], isHeld and 1 or 0, found[4] }
end
redis.call('HSET', KEYS[1], 'stage', 'claimed', 'token', ARGV[1],
  'until', string.format('%.0f', now + ARGV[2]), 'data', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return false
`;

/** ARGV: token that was read, lease in ms, time to live of the record in ms, new token. Returns 1 or 0. */
export const TAKE_OVER = `
${IS_HELD}
local found = redis.call('HMGET', KEYS[1], 'stage', 'token', 'until')
if found[1] ~= 'started' or found[2] ~= ARGV[1] or held(found[3], ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[4], 'until', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** ARGV: token, lease in ms, time to live of the record in ms, data. Returns 1 or 0. */
export const START = `
${NOW}
if redis.call('HMGET', KEYS[1], 'token')[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'stage', 'started',
  'until', string.format('%.0f', now + ARGV[2]), 'data', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** ARGV: token, lease in ms, time to live of the record in ms. Returns 1 or 0. */
export const RENEW = `
${NOW}
if redis.call('HMGET', KEYS[1], 'token')[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** ARGV: token, stage, time to live of the record in ms, data. Returns 1 or 0. */
export const SETTLE = `
local token = redis.call('HMGET', KEYS[1], 'token')[1]
if token and token ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'stage', ARGV[2], 'token', ARGV[1], 'until', 0, 'data', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

/** ARGV: token. Returns 1 or 0. */
export const FREE = `
if redis.call('HMGET', KEYS[1], 'token')[1] ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;
