-- Reads a page of SCAN, or the keys named in KEYS, with values and remaining TTLs. Writes nothing.
--
-- ARGV: 1 cursor ('' reads KEYS), 2 COUNT, 3 form, 4 bytes this call may return, 5 elements and 6 bytes one value may have,
--       7 'skip' or 'only', 8.. what to skip, or what only to return: 'p' and a prefix, or 'e' and a whole key.
-- Forms: 'copy' strings as they are and the rest as DUMP, 'dump' all as DUMP, 'value' each type by its own read command.
-- Answers: cursor, the TIME its PTTLs belong to (s, us), then four for a key: key, PTTL, type, value. A number in place of a value
-- means not returned: its size (bytes of a string, elements of the rest) when it is too big, 0 when this call has returned enough.
--
-- 3.2 expires keys in a script by the time the script began but answers PTTL by the clock (src/db.c, keyIsExpired;
-- src/expire.c), so PTTL 0 can stand beside a value; the caller takes the key for expired.
local call = redis.call
local cursor, keys = ARGV[1], KEYS
if cursor ~= '' then
  local page = call('SCAN', cursor, 'COUNT', ARGV[2])
  cursor, keys = page[1], page[2]
end
local form, budget, most_elements, most_bytes = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local only = ARGV[7] == 'only'
local byte, sub = string.byte, string.sub
local named = {}
for i = 8, #ARGV do
  local literal = sub(ARGV[i], 2)
  local first = byte(literal, 1) or 0
  named[first] = named[first] or {}
  table.insert(named[first], {sub(ARGV[i], 1, 1) == 'e', literal, #literal})
end

local function is_named(key)
  local candidates = named[byte(key, 1) or 0]
  if candidates then
    for i = 1, #candidates do
      local c = candidates[i]
      if c[1] then
        if key == c[2] then return true end
      elseif sub(key, 1, c[3]) == c[2] then
        return true
      end
    end
  end
  return false
end

local length_of = {list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
-- Encodings whose elements can be of any size; the others are bounded by the server's own settings.
local unbounded = {quicklist = true, linkedlist = true, hashtable = true, skiplist = true}

-- One element stands for all: enough to keep a few huge ones from being taken for many small ones.
local function sampled_bytes(key, kind)
  if kind == 'list' then return #call('LINDEX', key, 0) end
  if kind == 'set' then return #call('SRANDMEMBER', key) end
  if kind == 'zset' then return #call('ZRANGE', key, 0, 0)[1] end
  local pair = call('HSCAN', key, '0', 'COUNT', 1)[2]
  return pair[1] and #pair[1] + #pair[2] or 0
end

local function value_of(key, kind)
  if kind == 'list' then return call('LRANGE', key, 0, -1) end
  if kind == 'set' then return call('SMEMBERS', key) end
  if kind == 'hash' then return call('HGETALL', key) end
  if kind == 'zset' then return call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  -- The place of a field differs by version, so it is looked for by its name.
  local facts, last_id = call('XINFO', 'STREAM', key), ''
  for i = 1, #facts - 1, 2 do
    if facts[i] == 'last-generated-id' then last_id = facts[i + 1] end
  end
  return {call('XRANGE', key, '-', '+'), last_id, call('XINFO', 'GROUPS', key)}
end

local out = {cursor, 0, 0}
local n, returned = 3, 0
for i = 1, #keys do
  local key = keys[i]
  if cursor == '' or #ARGV < 8 or is_named(key) == only then
    local kind = call('TYPE', key).ok
    local value, bytes = false, 0
    if kind == 'string' then
      bytes = call('STRLEN', key)
      if bytes > most_bytes then
        value = bytes
      elseif returned > 0 and returned + bytes > budget then
        value = 0
      elseif form == 'dump' then
        value = call('DUMP', key)
      else
        value = call('GET', key)
      end
    elseif length_of[kind] then
      local elements = call(length_of[kind], key)
      -- An element costs the server time whatever its size: it counts as 64 bytes more.
      bytes = elements * 64
      if elements > most_elements then
        value = elements
      elseif unbounded[call('OBJECT', 'ENCODING', key)] then
        local sampled = elements * sampled_bytes(key, kind)
        bytes = bytes + sampled
        if sampled > most_bytes then value = elements end
      end
      if not value then
        if returned > 0 and returned + bytes > budget then
          value = 0
        elseif form == 'value' then
          value = value_of(key, kind)
        else
          value = call('DUMP', key)
        end
      end
    elseif kind ~= 'none' then
      -- A module's type: returned as its DUMP, so that whoever reads it can name it.
      value = call('DUMP', key)
    end
    if type(value) ~= 'number' then returned = returned + bytes end
    out[n + 1], out[n + 2], out[n + 3], out[n + 4] = key, false, kind, value
    n = n + 4
  end
end
out[2], out[3] = read_ttls(out, 4, 4)
if not out[2] then return out[3] end
return out
