/**
 * Creates the generation if there is none, claims parts, and reads.
 *
 * KEYS: generation, one lease per part to claim, one key per part to read.
 * ARGV: candidate generation, its PX, owner, lease PX, number of leases, and per lease the token of a call that
 * the caller has waited for (optional).
 * Returns the generation, per lease its holder's token (empty if this call holds it now), the values, the time
 * to live of each in ms, and the server's time in ms.
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
local gen = redis.call('GET', KEYS[1])
if not gen then
  gen = ARGV[1]
  redis.call('SET', KEYS[1], gen, 'PX', ARGV[2])
end
local leases = tonumber(ARGV[5])
local holders = {}
for i = 1, leases do
  local key = KEYS[1 + i]
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
if #KEYS > leases + 1 then values = redis.call('MGET', unpack(KEYS, leases + 2)) end
for i = 1, #values do ttls[i] = values[i] and redis.call('PTTL', KEYS[leases + 1 + i]) or -2 end
local time = redis.call('TIME')
return { gen, holders, values, ttls, time[1] * 1000 + math.floor(time[2] / 1000) }
`;

/**
 * Ends a claim: stores the changes if the generation is unchanged, releases the leases, and publishes the
 * message if another caller has tried to claim one of the parts. Without a waiter it publishes nothing, because
 * every message wakes every process. If a lease was lost, it may have had waiters, so the message is published.
 *
 * KEYS: generation, one lease per claimed part, one key per part to change.
 * ARGV: generation, its PX, lease token, channel, message, number of leases, PX of the message, the server's
 * time at the claim, the ms that the client has counted since the reply, then per change PX and value (a PX of
 * 0 deletes).
 * If the message has a PX, it replaces the leases that have waiters.
 * A suspended server runs the script late. The time to live of each entry is reduced by that delay, so that the
 * entry's age can be derived from it.
 * Returns 1 if the generation is unchanged. A refused write (out of memory, for example) is reported after the
 * message is published.
 */
export const SETTLE = `
local leases = tonumber(ARGV[6])
local held = redis.call('GET', KEYS[1]) == ARGV[1]
local refused
if held then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  local time = redis.call('TIME')
  local late = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[8] - ARGV[9]
  for i = leases + 2, #KEYS do
    local at = 10 + (i - leases - 2) * 2
    local px = ARGV[at] - math.max(0, late)
    if px <= 0 then
      redis.call('DEL', KEYS[i])
    else
      local reply = redis.pcall('SET', KEYS[i], ARGV[at + 1], 'PX', string.format('%.0f', px))
      if type(reply) == 'table' and reply.err then refused = reply.err end
    end
  end
end
local awaited = false
for i = 2, leases + 1 do
  local lease = redis.call('GET', KEYS[i])
  if lease ~= ARGV[3] then awaited = true end
  if lease == ARGV[3] or lease == ARGV[3] .. '!' then redis.call('DEL', KEYS[i]) end
  if ARGV[7] ~= '0' and (not lease or lease == ARGV[3] .. '!') then
    redis.call('SET', KEYS[i], '=' .. ARGV[5], 'PX', ARGV[7])
  end
end
if awaited then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
if refused then return redis.error_reply(refused) end
return held and 1 or 0
`;

/** Renews a claim. KEYS: leases. ARGV: token, PX. */
export const RENEW = `
for i = 1, #KEYS do
  local lease = redis.call('GET', KEYS[i])
  if lease == ARGV[1] or lease == ARGV[1] .. '!' then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
`;

/** Removes the generation and publishes the invalidation. KEYS: generation. ARGV: channel, message. */
export const INVALIDATE = `
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
`;
