-- The usual work of an API gateway in nginx: verifies JWTs (HS256) and caches the result, counts requests by
-- subject, and serves the contact from a worker-local dictionary with all headers. Parts, invalidation and
-- counts across hosts are not supported.
local ffi = require 'ffi'
local cjson = require 'cjson.safe'

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t length,
  unsigned char *out, unsigned int *out_length);
]]

local handler = {}
local bodies, limits = ngx.shared.bodies, ngx.shared.limits
local verified, count = {}, 0
local MOST_VERIFIED = 10000

local function from_base64url(text)
  return ngx.decode_base64(text:gsub('-', '+'):gsub('_', '/') .. ('='):rep(-#text % 4))
end

local function hmac(text)
  local out, length = ffi.new('unsigned char[32]'), ffi.new('unsigned int[1]')
  ffi.C.HMAC(ffi.C.EVP_sha256(), handler.secret, #handler.secret, text, #text, out, length)
  return ffi.string(out, length[0])
end

local function same(a, b)
  if not b or #a ~= #b then return false end
  local differing = 0
  for at = 1, #a do differing = bit.bor(differing, bit.bxor(a:byte(at), b:byte(at))) end
  return differing == 0
end

local function verify(token)
  local header, payload, signature = token:match('^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$')
  if not header then return nil end
  local alg = cjson.decode(from_base64url(header) or '')
  if not alg or alg.alg ~= 'HS256' then return nil end
  if not same(hmac(header .. '.' .. payload), from_base64url(signature)) then return nil end
  local claims = cjson.decode(from_base64url(payload) or '')
  if not claims or claims.iss ~= handler.issuer or claims.aud ~= handler.audience then return nil end
  return claims
end

local function claims_of(token)
  local known = verified[token]
  if not known then
    known = verify(token)
    if not known then return nil end
    if count >= MOST_VERIFIED then verified, count = {}, 0 end
    verified[token], count = known, count + 1
  end
  if not known.exp or known.exp <= ngx.time() then return nil end
  return known
end

function handler.load(file)
  for line in io.lines(file) do
    local key, body = line:match('^(%S+)\t(.*)$')
    bodies:set(key, body)
  end
end

function handler.answer()
  local token = (ngx.var.http_authorization or ''):match('^Bearer (.+)$')
  local claims = token and claims_of(token)
  if not claims then return ngx.exit(401) end
  local used = limits:incr(claims.sub, 1, 0, handler.window)
  if used > handler.limit then return ngx.exit(429) end
  local id = ngx.var.uri:match('^/contacts/([%x-]+)$')
  local body = id and bodies:get('peer:' .. claims.org_id .. ':' .. claims.member_id .. ':' .. id)
  if not body then return ngx.exit(404) end
  local header = ngx.header
  header['X-Request-Id'] = ngx.var.request_id
  header['RateLimit'] = '"default"; r=' .. (handler.limit - used) .. '; t=' .. handler.window
  header['RateLimit-Policy'] = '"default"; q=' .. handler.limit .. '; w=' .. handler.window
  header['Cache-Control'] = 'private, max-age=60'
  header['Vary'] = 'Authorization, Accept-Encoding'
  header['Content-Type'] = 'application/json; charset=utf-8'
  header['Content-Length'] = #body
  ngx.print(body)
end

return handler
