-- Writes down where a gate stands, and switches as they were before; one that is written down already stays.
--
-- KEYS: 1 the gate.  ARGV: 1 epoch, 2 what is written down, then fields and values of switches.
-- Answers: 'written', or why not.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch ~= ARGV[1] then return {'epoch', epoch or ''} end
redis.call('HSET', KEYS[1], 'record', ARGV[2])
for i = 3, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return {'written', ''}
