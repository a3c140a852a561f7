-- The head of the scripts that make tokens: how big a value is, and how a hash table is brought to one order.
local length_of = {list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
-- Encodings whose elements can be of any size; one of them stands for all (read_page.lua does the same).
local unbounded = {quicklist = true, linkedlist = true, hashtable = true, skiplist = true}
local sample_of = {
  list = function(key) return redis.call('LINDEX', key, 0) end,
  set = function(key) return redis.call('SRANDMEMBER', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, 0)[1] end,
  hash = function(key)
    local pair = redis.call('HSCAN', key, '0', 'COUNT', 1)[2]
    return pair[1] and pair[1] .. pair[2]
  end,
}

-- Of a collection, as far as one element tells.
local function bytes_of(key, kind, elements)
  local sample = sample_of[kind] and unbounded[redis.call('OBJECT', 'ENCODING', key)] and sample_of[kind](key)
  return elements * (64 + (sample and #sample or 0))
end

-- Whether a collection is too big for one call. 64 bytes an element are what it costs the server, whatever its size.
local function is_big(elements, bytes, most_elements, most_bytes)
  return elements > most_elements or bytes > most_bytes + 64 * elements
end

-- A hash table that is being rehashed gives its elements in another order at every DUMP. Every look at an element moves one bucket
-- (src/dict.c, _dictRehashStep), so as many looks as there can be buckets with something in them end it; further ones pass over the empty
-- buckets, ten at a time. From then on the order stays as long as the value does. Sorted sets are dumped by their table up to 3.2
-- (src/rdb.c).
local FURTHER_LOOKS = 64

local function end_rehashing(key, kind, elements)
  local call, looks = redis.call, elements + FURTHER_LOOKS
  local encoding = call('OBJECT', 'ENCODING', key)
  if encoding == 'hashtable' and kind == 'set' then
    call('SRANDMEMBER', key, -looks)
  elseif encoding == 'hashtable' and kind == 'hash' then
    local fields = {}
    for i = 1, looks do fields[i] = '' end
    call('HMGET', key, unpack(fields))
  elseif encoding == 'skiplist' then
    for _ = 1, looks do call('ZSCORE', key, '') end
  end
end

