-- Adds members to a sorted set. One that is there already is held back with its score: ZADD would make one job of two.
--
-- KEYS: 1 and 2 as apply_head.lua, 3 sorted set, 4 what is held back.  ARGV: 1 to 4 as apply_head.lua, then score, member, and so on.
-- Answers: 'applied' and what the journal says; or why not.
local refused = refusal()
if refused then return refused end
local kind = call('TYPE', KEYS[3]).ok
if kind ~= 'zset' and kind ~= 'none' then return {'type', kind} end
for i = 5, #ARGV, 2 do
  if call('ZSCORE', KEYS[3], ARGV[i + 1]) then
    call('RPUSH', KEYS[4], ARGV[i], ARGV[i + 1])
  else
    call('ZADD', KEYS[3], ARGV[i], ARGV[i + 1])
  end
end
return write_down()
