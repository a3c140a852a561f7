-- The DUMP of a value that is not being rehashed any more: the same at every look, as the scripts of a round make tokens of it.
--
-- KEYS: 1 key.  Answers: the payload, nothing where there is no key.
local kind = redis.call('TYPE', KEYS[1]).ok
if length_of[kind] then end_rehashing(KEYS[1], kind, redis.call(length_of[kind], KEYS[1])) end
return redis.call('DUMP', KEYS[1])
