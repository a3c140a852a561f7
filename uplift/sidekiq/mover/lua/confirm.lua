-- Lets go of the outbox of a chunk that the target has applied.
--
-- KEYS: 1 source's ledger, 2 outbox, 3 name to keep it by, 4 kept one that goes.  ARGV: 1 epoch, 2 number of the chunk, 3 '1' to keep it.
-- Answers: 'confirmed', or why not.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'conf')
if held[1] ~= ARGV[1] then return {'epoch', held[1] or ''} end
local number, confirmed = tonumber(ARGV[2]), tonumber(held[2])
if number <= confirmed then return {'confirmed', held[2]} end
if number ~= confirmed + 1 then return {'number', held[2]} end
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('RENAME', KEYS[2], KEYS[3])
  redis.call('DEL', KEYS[4])
else
  redis.call('DEL', KEYS[2])
end
redis.call('HDEL', KEYS[1], 'o:' .. ARGV[2])
redis.call('HSET', KEYS[1], 'conf', ARGV[2])
return {'confirmed', ARGV[2]}
