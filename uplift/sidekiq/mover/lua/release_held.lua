-- Adds members that were held back to their sorted set, where no other one is in their way any more.
--
-- KEYS: 1 target's ledger, 2 sorted set, 3 what is held back.  ARGV: 1 epoch, 2 members to look at.
-- Answers: 'released', members added, members that are still held; or why not.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
-- What was popped is lost where the add is refused: a script is not rolled back.
local kind = call('TYPE', KEYS[2]).ok
if kind ~= 'zset' and kind ~= 'none' then return {'released', 0, call('LLEN', KEYS[3]) / 2} end
local look, released = math.min(tonumber(ARGV[2]), call('LLEN', KEYS[3]) / 2), 0
for _ = 1, look do
  local score, member = call('LPOP', KEYS[3]), call('LPOP', KEYS[3])
  if call('ZSCORE', KEYS[2], member) then
    call('RPUSH', KEYS[3], score, member)
  else
    call('ZADD', KEYS[2], score, member)
    released = released + 1
  end
end
return {'released', released, call('LLEN', KEYS[3]) / 2}
