/**
 * The value of a contact's generation key is `<generation>:<number>`, with the number of the latest claim. A
 * stored part begins with the same text of its own call, with the number padded to `NUMBER_LENGTH` digits, so
 * that scripts can compare it without decoding the rest.
 */
export const NUMBER_LENGTH = 10;

/**
 * Creates the generation if there is none, hands out the next number, claims parts, and reads.
 *
 * KEYS: generation, fence, one lease per part to claim, one key per part to read.
 * ARGV: candidate generation, its PX, owner, lease PX, number of leases, and per lease the token of a call that
 * the caller has waited for (optional).
 * Returns the generation, its number, per lease its holder's token (empty if this call holds it now), the
 * values, the time to live of each in ms, and the server's time in ms. Returns nil while the contact is closed.
 *
 * If the call that the caller has waited for has failed, its message replaces the token. Otherwise a caller
 * that reads between the end of a call and the message would repeat the failed call.
 *
 * A lease holds its holder's token, followed by `!` when another caller has tried to claim the part. A lease of
 * another generation belongs to a call that was invalidated, so the caller takes it over. The same applies to a
 * lease with a longer time to live than a lease can have, because the server's clock was set back and its
 * holder may be dead.
 */
export const CLAIM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('EXISTS', KEYS[2]) == 1 then return nil end
end
local stamp = redis.call('GET', KEYS[1])
local gen, number = string.match(stamp or '', '^(.+):(%d+)$')
if gen then
  number = number + 1
  redis.call('SET', KEYS[1], gen .. ':' .. string.format('%.0f', number), 'KEEPTTL')
else
  gen, number = ARGV[1], 1
  redis.call('SET', KEYS[1], gen .. ':1', 'PX', ARGV[2])
end
local leases = tonumber(ARGV[5])
local holders = {}
for i = 1, leases do
  local key = KEYS[2 + i]
  local held = redis.call('GET', key)
  local waited = ARGV[5 + i] or ''
  if held and waited ~= '' and string.sub(held, 1, 1) == '=' and string.find(held, waited, 1, true) then
    holders[i] = held
  elseif held and string.sub(held, 1, #gen + 1) == gen .. ':'
    and redis.call('PTTL', key) <= tonumber(ARGV[4]) then
    if string.sub(held, -1) == '!' then
      held = string.sub(held, 1, -2)
    else
      redis.call('SET', key, held .. '!', 'KEEPTTL')
    end
    holders[i] = held
  else
    redis.call('SET', key, gen .. ':' .. ARGV[3], 'PX', ARGV[4])
    holders[i] = ''
  end
end
local values, ttls = {}, {}
if #KEYS > leases + 2 then values = redis.call('MGET', unpack(KEYS, leases + 3)) end
for i = 1, #values do ttls[i] = values[i] and redis.call('PTTL', KEYS[leases + 2 + i]) or -2 end
return { gen, number, holders, values, ttls, now }
`;

/**
 * Ends a claim: stores the changes if the generation is unchanged and the claim is known, releases the leases,
 * and publishes the message if another caller has tried to claim one of the parts. Without a waiter it publishes
 * nothing, because every message wakes every process. If a lease was lost, it may have had waiters, so the
 * message is published.
 *
 * KEYS: generation, one lease per claimed part, one key per part to change.
 * ARGV: generation, its PX, lease token, channel, message, number of leases, PX of the message, the server's
 * time at the claim, the ms that the client has counted since the reply, the claim's number, then per change PX
 * and value (a PX of 0 deletes).
 * If the message has a PX, it replaces the leases that have waiters.
 * A claim of which no lease is left may be unknown to this server, because a failover has undone it. Its number
 * is not comparable then, so it stores nothing. A part is stored only over one of another generation or of a
 * lower number. A value of another type is replaced.
 * A suspended server runs the script late. The time to live of each entry is reduced by that delay, so that the
 * entry's age can be derived from it.
 * Returns 1 if the changes count, 0 if the generation has changed, and 2 if only the claim is unknown. A refused
 * write (out of memory, for example) is reported after the message is published.
 */
export const SETTLE = `
local leases = tonumber(ARGV[6])
local stamp = redis.call('GET', KEYS[1]) or ''
local held = string.sub(stamp, 1, #ARGV[1] + 1) == ARGV[1] .. ':'
local known, awaited = false, false
for i = 2, leases + 1 do
  local lease = redis.call('GET', KEYS[i])
  if lease ~= ARGV[3] then awaited = true end
  if lease == ARGV[3] or lease == ARGV[3] .. '!' then
    known = true
    redis.call('DEL', KEYS[i])
  end
  if ARGV[7] ~= '0' and (not lease or lease == ARGV[3] .. '!') then
    redis.call('SET', KEYS[i], '=' .. ARGV[5], 'PX', ARGV[7])
  end
end
local refused
if held then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  local time = redis.call('TIME')
  local late = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[8] - ARGV[9]
  local number, prefix = tonumber(ARGV[10]), #ARGV[1] + 1
  for i = leases + 2, #KEYS do
    local at = 11 + (i - leases - 2) * 2
    local px = ARGV[at] - math.max(0, late)
    local stored = redis.pcall('GETRANGE', KEYS[i], 0, prefix + ${NUMBER_LENGTH - 1})
    local newer = type(stored) == 'string' and string.sub(stored, 1, prefix) == ARGV[1] .. ':'
      and (tonumber(string.sub(stored, prefix + 1)) or 0) > number
    if not known or newer then
    elseif px <= 0 then
      redis.call('DEL', KEYS[i])
    else
      local reply = redis.pcall('SET', KEYS[i], ARGV[at + 1], 'PX', string.format('%.0f', px))
      if type(reply) == 'table' and reply.err then refused = reply.err end
    end
  end
end
if awaited then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
if refused then return redis.error_reply(refused) end
return held and (known and 1 or 2) or 0
`;

/** Renews a claim. KEYS: leases. ARGV: token, PX. */
export const RENEW = `
for i = 1, #KEYS do
  local lease = redis.call('GET', KEYS[i])
  if lease == ARGV[1] or lease == ARGV[1] .. '!' then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
`;

/**
 * Removes the generation, changes the fence, and publishes the invalidation. Idempotent.
 *
 * KEYS: generation, fence. ARGV: channel, message, `1` to publish although there is no generation, then pairs of
 * the token of a write and the ms for which it closes the contact, or 0 if it opens it.
 * The fence is a sorted set of the writes that close the contact, with their ends by the server's clock. It
 * expires with the last of them. An end is never set to an earlier time (GT): messages arrive late, and out of
 * order.
 */
export const INVALIDATE = `
local removed = redis.call('DEL', KEYS[1])
if #ARGV > 3 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 4, #ARGV, 2 do
    if ARGV[i + 1] == '0' then redis.call('ZREM', KEYS[2], ARGV[i])
    else redis.call('ZADD', KEYS[2], 'GT', string.format('%.0f', now + ARGV[i + 1]), ARGV[i]) end
  end
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
  if last then redis.call('PEXPIRE', KEYS[2], string.format('%.0f', math.max(1, last - now))) end
end
if removed == 1 or ARGV[3] == '1' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
`;

/** Publishes a message from the server of a key. KEYS: any. ARGV: channel, message. */
export const PUBLISH = `redis.call('PUBLISH', ARGV[1], ARGV[2])`;
