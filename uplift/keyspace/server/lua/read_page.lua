-- Reads a page of SCAN, or the keys named in KEYS, with values and remaining TTLs. Writes nothing.
--
-- ARGV: 1 cursor ('' reads KEYS), 2 COUNT, 3 form, 4 bytes this call may return, 5 elements and 6 bytes one value may have,
--       7 'skip' or 'only', 8.. what to skip, or what only to return: 'p' and a prefix, or 'e' and a whole key.
-- Forms: 'copy' strings as they are and the rest as DUMP, 'dump' all as DUMP, 'value' each type by its own read command, 'field-ttls' as
-- 'value' and a hash whose fields expire with the times they do, 'compact' as 'value' but collections in a compact encoding as DUMP.
-- Answers: cursor, the TIME its PTTLs belong to (s, us), keys there was no room for, keys that are not there, how many keys at the end are
-- too big, how long the script ran (us), and then four for a key: key, PTTL, type, and its value, or of one too big its size (bytes of a
-- string, elements of the rest).
--
-- 3.2 expires keys in a script by the time the script began but answers PTTL by the clock (src/db.c, keyIsExpired;
-- src/expire.c), so PTTL 0 can stand beside a value; the caller takes the key for expired.
local call = redis.call
local began = call('TIME')
local cursor, keys = ARGV[1], KEYS
if cursor ~= '' then
  local page = call('SCAN', cursor, 'COUNT', ARGV[2])
  cursor, keys = page[1], page[2]
end
local form, budget, most_elements, most_bytes = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local only = ARGV[7] == 'only'
local byte, sub = string.byte, string.sub
local named, every = {}, false
for i = 8, #ARGV do
  local literal = sub(ARGV[i], 2)
  -- The empty beginning is every key's, whatever its first byte.
  every = every or ARGV[i] == 'p'
  local first = byte(literal, 1) or 0
  named[first] = named[first] or {}
  table.insert(named[first], {sub(ARGV[i], 1, 1) == 'e', literal, #literal})
end

local function is_named(key)
  if every then return true end
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
-- Encodings whose DUMP has the elements in one order and form: one string through Lua in place of a table of them. The DUMP of a table
-- has them in the order of its hash seed.
local compact = {ziplist = true, intset = true, listpack = true, quicklist = true}

-- One element stands for all: enough to keep a few huge ones from being taken for many small ones.
local function sampled_bytes(key, kind)
  if kind == 'list' then return #call('LINDEX', key, 0) end
  if kind == 'set' then return #call('SRANDMEMBER', key) end
  if kind == 'zset' then return #call('ZRANGE', key, 0, 0)[1] end
  local pair = call('HSCAN', key, '0', 'COUNT', 1)[2]
  return pair[1] and #pair[1] + #pair[2] or 0
end

local function named(flat, name)
  -- The place of a field differs by version, so it is looked for by its name.
  for i = 1, #flat - 1, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
  return ''
end

-- A group: its name, last delivered id, for each pending entry id, consumer and deliveries, and its consumers.
local function group_of(key, facts)
  local name = named(facts, 'name')
  local entries, pending, consumers = {}, named(facts, 'pending'), {}
  if pending > 0 then
    for _, entry in ipairs(call('XPENDING', key, name, '-', '+', pending)) do
      table.insert(entries, entry[1])
      table.insert(entries, entry[2])
      table.insert(entries, entry[4])
    end
  end
  for _, consumer in ipairs(call('XINFO', 'CONSUMERS', key, name)) do table.insert(consumers, named(consumer, 'name')) end
  return {name, named(facts, 'last-delivered-id'), entries, consumers}
end

local function stream_of(key)
  local groups = {}
  for _, facts in ipairs(call('XINFO', 'GROUPS', key)) do table.insert(groups, group_of(key, facts)) end
  return {call('XRANGE', key, '-', '+'), named(call('XINFO', 'STREAM', key), 'last-generated-id'), groups}
end

local function hash_of(key)
  local flat = call('HGETALL', key)
  if form ~= 'field-ttls' then return flat end
  local fields = {}
  for i = 1, #flat, 2 do table.insert(fields, flat[i]) end
  local times = call('HPEXPIRETIME', key, 'FIELDS', #fields, unpack(fields))
  for _, time in ipairs(times) do
    if time > 0 then return {flat, times} end
  end
  return flat
end

local function value_of(key, kind)
  if kind == 'list' then return call('LRANGE', key, 0, -1) end
  if kind == 'set' then return call('SMEMBERS', key) end
  if kind == 'hash' then return hash_of(key) end
  if kind == 'zset' then return call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  return stream_of(key)
end

local function has_many_pending(key)
  local pending = 0
  for _, facts in ipairs(call('XINFO', 'GROUPS', key)) do pending = pending + named(facts, 'pending') end
  return pending > most_elements
end

local by_value = form == 'value' or form == 'field-ttls' or form == 'compact'
local is_compact = form == 'compact' and compact or {}
-- How many come before the fours.
local BEFORE = 7
local later, missing, big = {}, {}, {}
local out = {cursor, 0, 0, later, missing, 0, 0}
local n, returned = BEFORE, 0
for i = 1, #keys do
  local key = keys[i]
  if cursor == '' or #ARGV < 8 or is_named(key) == only then
    local kind = call('TYPE', key).ok
    local value, bytes, size = false, 0, false
    if kind == 'string' then
      bytes = call('STRLEN', key)
      if bytes > most_bytes then
        size = bytes
      elseif returned > 0 and returned + bytes > budget then
        later[#later + 1] = key
      else
        value = call(form == 'dump' and 'DUMP' or 'GET', key)
        if not value then missing[#missing + 1] = key end
      end
    elseif length_of[kind] then
      local elements, encoding = call(length_of[kind], key), call('OBJECT', 'ENCODING', key)
      -- An element costs the server time whatever its size: it counts as 64 bytes more.
      bytes = elements * 64
      if elements > most_elements then
        size = elements
      elseif unbounded[encoding] then
        local sampled = elements * sampled_bytes(key, kind)
        bytes = bytes + sampled
        if sampled > most_bytes then size = elements end
      elseif kind == 'stream' and by_value and has_many_pending(key) then
        size = elements
      end
      if not size then
        if returned > 0 and returned + bytes > budget then
          later[#later + 1] = key
        else
          if by_value and not is_compact[encoding] then value = value_of(key, kind) else value = call('DUMP', key) end
          if not value then missing[#missing + 1] = key end
        end
      end
    elseif kind == 'none' then
      missing[#missing + 1] = key
    else
      -- A module's type: returned as its DUMP, so that whoever reads it can name it.
      value = call('DUMP', key)
      if not value then missing[#missing + 1] = key end
    end
    if size then
      big[#big + 1] = {key, kind, size}
    elseif value then
      returned = returned + bytes
      out[n + 1], out[n + 2], out[n + 3], out[n + 4] = key, false, kind, value
      n = n + 4
    end
  end
end
for i = 1, #big do
  out[n + 1], out[n + 2], out[n + 3], out[n + 4] = big[i][1], false, big[i][2], big[i][3]
  n = n + 4
end
out[6] = #big
out[2], out[3] = read_ttls(out, BEFORE + 1, 4)
if not out[2] then return out[3] end
out[7] = (out[2] - began[1]) * 1000000 + out[3] - began[2]
return out
