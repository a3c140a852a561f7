-- Reads a page of SCAN, or the keys named in KEYS, with types, remaining TTLs and sizes, but no values. Writes nothing.
--
-- ARGV: 1 cursor ('' reads KEYS), 2 COUNT, 3 how to size: 'no' | 'length' | 'sample' | 'idle'.
-- 'no' touches no access time. 'length' adds STRLEN and the number of elements. 'sample' also adds the bytes of one element;
-- 'idle' in their place the seconds since the last access, -1 under a policy that counts accesses instead (LFU).
-- Answers: cursor, then five for a key: key, PTTL, type, length (bytes of a string, elements of the rest), bytes of the sampled element
-- or seconds idle.
local call = redis.call
local cursor, keys = ARGV[1], KEYS
if cursor ~= '' then
  local page = call('SCAN', cursor, 'COUNT', ARGV[2])
  cursor, keys = page[1], page[2]
end
local length_of = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
local how = ARGV[3]

local function sampled_bytes(key, kind)
  if kind == 'list' then return #call('LINDEX', key, 0) end
  if kind == 'set' then return #call('SRANDMEMBER', key) end
  if kind == 'zset' then return #call('ZRANGE', key, 0, 0)[1] + 8 end
  if kind == 'hash' then
    local pair = call('HSCAN', key, '0', 'COUNT', 1)[2]
    return pair[1] and #pair[1] + #pair[2] or 0
  end
  return 64
end

local out = {cursor}
local n = 1
for i = 1, #keys do
  local key = keys[i]
  local kind = call('TYPE', key).ok
  local length, element = 0, 0
  if how == 'idle' then
    -- Before STRLEN, which is an access itself.
    local idle = redis.pcall('OBJECT', 'IDLETIME', key)
    element = type(idle) == 'number' and idle or -1
  end
  if how ~= 'no' and length_of[kind] then
    length = call(length_of[kind], key)
    if how == 'sample' and kind ~= 'string' and length > 0 then element = sampled_bytes(key, kind) end
  end
  out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5] = key, call('PTTL', key), kind, length, element
  n = n + 5
end
return out
