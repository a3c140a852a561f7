-- Takes a ledger for a mover with a higher epoch: what an earlier mover sent and comes later is refused.
--
-- KEYS: 1 ledger.  ARGV: 1 epoch, then fields and values to be set where they are missing.
-- Answers: 1, or 0 where somebody has this epoch or a higher one.
local held = redis.call('HGET', KEYS[1], 'epoch')
if held and tonumber(held) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
