-- Answers which of KEYS are not there, or are at the end of their life. Writes nothing.
--
-- By PTTL, as every other reading is: EXISTS still finds a key in its last millisecond, and on a 3.2 replica one whose life is
-- over until its primary says so (src/db.c, existsCommand).
local missing = {}
for i = 1, #KEYS do
  local life = redis.call('PTTL', KEYS[i])
  if life == -2 or life == 0 then missing[#missing + 1] = KEYS[i] end
end
return missing
