-- Adds to counters.
--
-- KEYS: 1 and 2 as apply_head.lua, 3 sums of what was ever applied, from 4 on the counters.  ARGV: 1 to 4 as apply_head.lua, then number and moment to expire at (ms since 1970,
--       -1 never) for each.
-- Answers: 'applied' and what the journal says; or why not.
local refused = refusal()
if refused then return refused end
for i = 4, #KEYS do
  local value = call('GET', KEYS[i])
  if value and not (#value < 16 and string.match(value, '^-?%d+$')) then return {'type', 'no number'} end
end
for i = 4, #KEYS do
  local number, moment = ARGV[2 * i - 3], ARGV[2 * i - 2]
  local is_new = call('EXISTS', KEYS[i]) == 0
  call('INCRBY', KEYS[i], number)
  call('HINCRBY', KEYS[3], KEYS[i], number)
  if is_new and tonumber(moment) > 0 then call('PEXPIREAT', KEYS[i], moment) end
end
return write_down()
