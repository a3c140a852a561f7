-- The head of the scripts that make tokens: a hash table that is being rehashed gives its elements in another order at every DUMP.
--
-- Every look at an element moves one bucket (src/dict.c, _dictRehashStep), so as many looks as there can be buckets with something in them
-- end it; further ones pass over the empty buckets, ten at a time. From then on the order stays as long as the value does. Sorted sets are
-- dumped by their table up to 3.2 (src/rdb.c).
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

