-- Answers which of KEYS are not there, or have a TTL of 0 ms. Writes nothing.
--
-- By PTTL, as every other reading is: EXISTS still finds a key in its last millisecond, and on a 3.2 replica one that
-- has expired until its primary says so (src/db.c, existsCommand).
local missing = {}
for i = 1, #KEYS do
  local ttl = redis.call('PTTL', KEYS[i])
  if ttl == -2 or ttl == 0 then missing[#missing + 1] = KEYS[i] end
end
return missing
